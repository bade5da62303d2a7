#!/bin/sh
# Starts the runtime for local-worker.ts and ends it when the process that started it is gone. Without this a hub that was
# killed with SIGKILL leaves its runtime behind, which holds the port and goes on writing to the store.
#   HUB_RUNTIME           the workerd binary
#   HUB_RUNTIME_PID_FILE  gets the runtime's process id and that of the process that started it; may be absent

hub=$PPID
echo "$$ $hub" > "${HUB_RUNTIME_PID_FILE:-/dev/null}"

# A child whose parent has died gets another parent, also while the dead one has not been waited for.
parent() {
  if [ -r "/proc/$$/stat" ]; then
    read -r _ _ _ id _ < "/proc/$$/stat"
  else
    id=$(ps -o ppid= -p $$ | tr -d ' ')
  fi
  [ "$id" = "$hub" ]
}

# Ctrl-C reaches the whole group; the hub's own process decides when the runtime ends.
trap '' INT HUP

(
  while parent; do sleep 1; done
  kill -9 $$
) < /dev/null > /dev/null 2>&1 3>&- &

exec "$HUB_RUNTIME" "$@"
