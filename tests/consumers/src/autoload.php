<?php
// SPDX-License-Identifier: ISC
foreach (['Console', 'EventDispatcher', 'Cache', 'Messenger', 'Messenger/Bridge/Redis', 'Messenger/Bridge/Amqp',
    'Messenger/Bridge/Beanstalkd'] as $component) {
    require_once "Symfony/Component/$component/autoload.php";
}
spl_autoload_register(function (string $class): void {
    if (str_starts_with($class, 'Consumers\\')) {
        require __DIR__.'/'.substr($class, strlen('Consumers\\')).'.php';
    }
});
