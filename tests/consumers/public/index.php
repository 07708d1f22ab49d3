<?php
// SPDX-License-Identifier: ISC
// index.php queue QUEUE-MANAGER [QUEUE]: consumes, as SlmQueue's command does, until it is told to end or has done MAX_RUNS.
use Consumers\Kernel;
use Symfony\Component\Messenger\EventListener\StopWorkerOnMessageLimitListener;
use Symfony\Component\Messenger\Worker;

require dirname(__DIR__).'/src/autoload.php';

if (count($argv) < 3 || 'queue' !== $argv[1]) {
    fwrite(STDERR, "usage: index.php queue QUEUE-MANAGER [QUEUE]\n");
    exit(2);
}
$kernel = new Kernel(dirname(__DIR__), $argv[3] ?? 'default');
$kernel->dispatcher->addSubscriber(new StopWorkerOnMessageLimitListener((int) $kernel->env('MAX_RUNS', '100000')));
$transport = $kernel->transports->get(Kernel::TRANSPORT);
$worker = new Worker([Kernel::TRANSPORT => $transport], $kernel->routableBus(), $kernel->dispatcher);
$worker->run(['sleep' => 200000]);
