# cronherd: keeps this host's queue workers alive.
#
# To be copied to /etc/cron.d/cronherd (no dot in that name: cron would skip the file).
# It must belong to root and be writable by nobody else. Users other than root need no
# such file: `cronherd cron install` puts a line into their own crontab.

# Who gets what a round prints. A healthy round prints nothing.
MAILTO=root

# Where cronherd is found. Workers do not inherit this, nor anything else from cron.
PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin

# m h dom mon dow user command
* * * * * root cronherd run
