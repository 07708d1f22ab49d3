<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

/** What is sent: it names itself, and says how long its work takes and how much memory that costs for good. */
final class Task
{
    public function __construct(public string $id, public float $seconds = 0, public int $megabytes = 0)
    {
    }
}
