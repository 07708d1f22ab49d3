<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

use Psr\Container\ContainerInterface;

/** The smallest container: what it was given, and what it makes when it is asked for. */
final class Services implements ContainerInterface
{
    public function __construct(private array $services)
    {
    }

    public function get($id)
    {
        $service = $this->services[$id];

        return $service instanceof \Closure ? $this->services[$id] = $service() : $service;
    }

    public function has($id): bool
    {
        return isset($this->services[$id]);
    }
}
