<?php
// SPDX-License-Identifier: ISC
namespace Consumers;

use Symfony\Component\Cache\Adapter\FilesystemAdapter;
use Symfony\Component\EventDispatcher\EventDispatcher;
use Symfony\Component\Messenger\Bridge\Amqp\Transport\AmqpTransportFactory;
use Symfony\Component\Messenger\Bridge\Beanstalkd\Transport\BeanstalkdTransportFactory;
use Symfony\Component\Messenger\Bridge\Redis\Transport\RedisTransportFactory;
use Symfony\Component\Messenger\EventListener\DispatchPcntlSignalListener;
use Symfony\Component\Messenger\EventListener\SendFailedMessageForRetryListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnRestartSignalListener;
use Symfony\Component\Messenger\EventListener\StopWorkerOnSigtermSignalListener;
use Symfony\Component\Messenger\Handler\HandlersLocator;
use Symfony\Component\Messenger\MessageBus;
use Symfony\Component\Messenger\Middleware\AddBusNameStampMiddleware;
use Symfony\Component\Messenger\Middleware\FailedMessageProcessingMiddleware;
use Symfony\Component\Messenger\Middleware\HandleMessageMiddleware;
use Symfony\Component\Messenger\Middleware\SendMessageMiddleware;
use Symfony\Component\Messenger\Retry\MultiplierRetryStrategy;
use Symfony\Component\Messenger\RoutableMessageBus;
use Symfony\Component\Messenger\Transport\Sender\SendersLocator;
use Symfony\Component\Messenger\Transport\Serialization\PhpSerializer;
use Symfony\Component\Messenger\Transport\TransportFactory;
use Symfony\Component\Messenger\Transport\TransportInterface;

/**
 * What Symfony's FrameworkBundle wires for Messenger, by hand, from the components that Debian ships: one bus, one message,
 * one transport ("async"), whose DSN is MESSENGER_TRANSPORT_DSN in the project's file .env.
 *
 * But for RejectRedeliveredMessageMiddleware: over AMQP it has a message that comes again rejected first, and sent anew then.
 * Who is killed in between loses it, whoever keeps him.
 */
final class Kernel
{
    public const TRANSPORT = 'async';

    public EventDispatcher $dispatcher;
    public FilesystemAdapter $restartPool;
    public MessageBus $bus;
    public Services $transports;

    private array $env;

    /**
     * @param ?string $queue   which of the server's queues; null: the one of the DSN
     * @param bool    $signals whether TERM lets the message be finished: what the listeners of Messenger do, where pcntl is there
     */
    public function __construct(private string $project, ?string $queue = null, bool $signals = true)
    {
        $this->env = parse_ini_file($project.'/.env', false, \INI_SCANNER_RAW);
        $this->restartPool = new FilesystemAdapter('restart', 0, $project.'/var/cache');
        $this->dispatcher = new EventDispatcher();
        $this->transports = new Services([self::TRANSPORT => fn () => $this->transport($queue)]);
        $this->bus = $this->bus();
        $this->listen($signals);
    }

    public function env(string $name, string $default = ''): string
    {
        return $this->env[$name] ?? $default;
    }

    public function routableBus(): RoutableMessageBus
    {
        return new RoutableMessageBus(new Services(['bus' => $this->bus]), $this->bus);
    }

    /** To $queue, or to the one of the DSN. */
    public function transport(?string $queue): TransportInterface
    {
        $dsn = $this->env('MESSENGER_TRANSPORT_DSN');
        $factory = new TransportFactory([new RedisTransportFactory(), new AmqpTransportFactory(), new BeanstalkdTransportFactory()]);

        return $factory->createTransport($dsn, $this->options(parse_url(strtok($dsn, '?'), \PHP_URL_SCHEME) ?: 'redis', $queue),
            new PhpSerializer());
    }

    private function options(string $scheme, ?string $queue): array
    {
        switch ($scheme) {
            case 'redis':
                // A name that stays with the instance: what a killed one had taken is the first that its successor does.
                return ['consumer' => getenv('CRONHERD_ID') ?: 'nobody', 'delete_after_ack' => true];
            case 'amqp':
                $queue = $queue ?? 'messages';

                return ['exchange' => ['name' => $queue], 'queues' => [$queue => []]];
            default:
                return null === $queue ? [] : ['tube_name' => $queue];
        }
    }

    private function bus(): MessageBus
    {
        $handler = new TaskHandler($this->project.'/var/handled.log');

        return new MessageBus([
            new AddBusNameStampMiddleware('bus'),
            new FailedMessageProcessingMiddleware(),
            new SendMessageMiddleware(new SendersLocator([Task::class => [self::TRANSPORT]], $this->transports), $this->dispatcher),
            new HandleMessageMiddleware(new HandlersLocator([Task::class => [$handler]])),
        ]);
    }

    private function listen(bool $signals): void
    {
        $retry = new MultiplierRetryStrategy(10, 200, 1);

        $this->dispatcher->addSubscriber(new StopWorkerOnRestartSignalListener($this->restartPool));
        $this->dispatcher->addSubscriber(new SendFailedMessageForRetryListener($this->transports,
            new Services([self::TRANSPORT => $retry])));
        if ($signals) {
            $this->dispatcher->addSubscriber(new StopWorkerOnSigtermSignalListener());
            $this->dispatcher->addSubscriber(new DispatchPcntlSignalListener());
        }
    }
}
