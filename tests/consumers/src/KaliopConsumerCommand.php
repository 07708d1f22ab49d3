<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

use Symfony\Component\Console\Command\Command;
use Symfony\Component\Console\Input\InputArgument;
use Symfony\Component\Console\Input\InputInterface;
use Symfony\Component\Console\Input\InputOption;
use Symfony\Component\Console\Output\OutputInterface;
use Symfony\Component\Messenger\EventListener\StopWorkerOnMemoryLimitListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnMessageLimitListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnTimeLimitListener;
use Symfony\Component\Messenger\Worker;

/** A consumer with the name and the options of Kaliop's; what consumes is Messenger's worker. */
final class KaliopConsumerCommand extends Command
{
    public function __construct(private string $project)
    {
        parent::__construct('kaliop_queueing:consumer');
    }

    protected function configure(): void
    {
        $this->setDescription('Starts a worker process')
            ->addArgument('name', InputArgument::REQUIRED, 'The queue')
            ->addOption('label', null, InputOption::VALUE_REQUIRED, 'Tells workers apart')
            ->addOption('messages', 'm', InputOption::VALUE_REQUIRED, 'So many, and it ends', 0)
            ->addOption('route', 'r', InputOption::VALUE_REQUIRED, 'Routing key', '')
            ->addOption('memory-limit', 'l', InputOption::VALUE_REQUIRED, 'Megabytes')
            ->addOption('timeout', 't', InputOption::VALUE_REQUIRED, 'So many seconds, and it ends', 0)
            ->addOption('debug', 'd', InputOption::VALUE_NONE)
            ->addOption('without-signals', 'w', InputOption::VALUE_NONE, 'No signal is heard');
    }

    protected function execute(InputInterface $input, OutputInterface $output): int
    {
        $kernel = new Kernel($this->project, $input->getArgument('name'), !$input->getOption('without-signals'));

        if ($messages = (int) $input->getOption('messages')) {
            $kernel->dispatcher->addSubscriber(new StopWorkerOnMessageLimitListener($messages));
        }
        if ($megabytes = (int) $input->getOption('memory-limit')) {
            $kernel->dispatcher->addSubscriber(new StopWorkerOnMemoryLimitListener($megabytes << 20));
        }
        if ($seconds = (int) $input->getOption('timeout')) {
            $kernel->dispatcher->addSubscriber(new StopWorkerOnTimeLimitListener($seconds));
        }
        $worker = new Worker([Kernel::TRANSPORT => $kernel->transports->get(Kernel::TRANSPORT)], $kernel->routableBus(), $kernel->dispatcher);
        $worker->run(['sleep' => 200000]);

        return self::SUCCESS;
    }
}
