<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Output\OutputInterface;

final class CountCommand extends Command
{
    public function __construct(private Kernel $kernel)
    {
        parent::__construct('app:count');
    }

    protected function configure(): void
    {
        $this->setDescription('Prints how many messages wait in each queue')->addArgument('queues', InputArgument::IS_ARRAY, '', [null]);
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        foreach ($input->getArgument('queues') as $queue) {
            $output->writeln((string) $this->kernel->transport($queue)->getMessageCount());
        }

        return self::SUCCESS;
    }
}
