<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Messenger\Envelope;

final class SendCommand extends Command
{
    public function __construct(private Kernel $kernel)
    {
        parent::__construct('app:send');
    }

    protected function configure(): void
    {
        $this->setDescription('Sends tasks')
            ->addArgument('ids', InputArgument::IS_ARRAY | InputArgument::REQUIRED)
            ->addOption('seconds', null, InputOption::VALUE_REQUIRED, 'What each takes', '0')
            ->addOption('megabytes', null, InputOption::VALUE_REQUIRED, 'What each leaks', '0')
            ->addOption('queue', null, InputOption::VALUE_REQUIRED, 'Not the one of the configuration');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $transport = $input->getOption('queue') ? $this->kernel->transport($input->getOption('queue')) : null;

        foreach ($input->getArgument('ids') as $id) {
            $task = new Task($id, (float) $input->getOption('seconds'), (int) $input->getOption('megabytes'));
            $transport ? $transport->send(new Envelope($task)) : $this->kernel->bus->dispatch($task);
        }

        return self::SUCCESS;
    }
}
