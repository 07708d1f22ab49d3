<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

/** Does a Task, and says when it begins and when it has ended: a line each, which is written at once. */
final class TaskHandler
{
    private array $leaked = [];

    public function __construct(private string $log)
    {
    }

    public function __invoke(Task $task): void
    {
        $this->say('begin', $task);
        $this->leaked[] = str_repeat('x', $task->megabytes << 20);
        // A signal ends usleep, and not the work.
        for ($end = microtime(true) + $task->seconds; ($left = $end - microtime(true)) > 0;) {
            usleep((int) (min($left, 1) * 1e6));
        }
        $this->say('end', $task);
    }

    private function say(string $what, Task $task): void
    {
        $who = getenv('CRONHERD_ID') ?: '-';
        file_put_contents($this->log, sprintf("%s %s %d %s\n", $what, $task->id, getmypid(), $who), \FILE_APPEND);
    }
}
