<?php
/* SPDX-License-Identifier: ISC */
/* kaliop.php METHOD N PREFIX: Kaliop's method of looking for N workers whose command lines are "PREFIX wNNNNN": a pipe of
 * ps, fgrep and grep for each. METHOD: "exec" (PHP's own) or "process" (symfony/process). Exit status 1: somebody was not found. */
[, $method, $count, $prefix] = $argv;
if ($method === 'process') {
	require 'Symfony/Component/Process/autoload.php';
}

function find(string $method, string $pipe): string
{
	if ($method === 'process') {
		$process = Symfony\Component\Process\Process::fromShellCommandline($pipe);
		$process->run();
		return $process->getOutput();
	}
	return (string)shell_exec($pipe);
}

$missing = 0;
for ($i = 0; $i < (int)$count; $i++) {
	$wanted = escapeshellarg(sprintf('%s w%05d', $prefix, $i));
	if (trim(find($method, "ps -eo pid,args | fgrep -e $wanted | grep -v grep")) === '') {
		$missing++;
	}
}
exit($missing ? 1 : 0);
