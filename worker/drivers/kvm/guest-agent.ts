/**
 * What a guest that boots from a disk is given beside its command: a seed disk that cloud-init knows
 * as its own (data source NoCloud), with user-data that starts the agent below. So the agent always
 * comes from the worker, and never has to be kept in step with it.
 */

/** Where the guest finds the seed disk, and what is on it. */
export const seedDirectory = "/run/almanac/seed";
/** Where agent and launcher leave word for one another. */
export const stateDirectory = "/run/almanac";

/** In docs/kvm.md, word for word. */
export const userData = `#cloud-config
runcmd:
  - mkdir -p /run/almanac/seed
  - mount -o ro /dev/disk/by-id/virtio-almanac-seed /run/almanac/seed
  - sh /run/almanac/seed/agent
`;

export const metaData = (instance: string): string =>
  `instance-id: ${instance}\nlocal-hostname: guest\n`;

/**
 * As deploy/guest/init, for a system that is already up, and with what a common one has: a shell,
 * util-linux, and perl, python or busybox to tell an exit code of 143 from a death by SIGTERM.
 */
export const guestAgent = `#!/bin/sh
# Almanac's guest agent: runs one program, tells how it ended. Words over the virtio port "control":
#   to the host    READY | FAILED <why> | EXIT <code> oom=<kills> | SIGNAL <number> oom=<kills>
#   from the host  TERM
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin
here=/run/almanac/seed
state=/run/almanac
cd /
modprobe virtio_console 2>/dev/null
stdout='' stderr='' control='' inputs='' outputs=''
all_found() {
  [ "$stdout" ] && [ "$stderr" ] && [ "$control" ] || return
  [ ! -e "$here/files" ] || { [ "$inputs" ] && [ "$outputs" ]; }
}
until all_found; do
  for port in /sys/class/virtio-ports/*; do
    [ -e "$port/name" ] && read -r name <"$port/name" && eval "$name=/dev/\${port##*/}"
  done
  for port in "$stdout" "$stderr" "$control" $inputs $outputs; do [ -c "$port" ] || sleep 0.05; done
done
exec 9<>"$control"

# From here on memory may run out: nothing of ours must be what the kernel kills.
echo -1000 >/proc/self/oom_score_adj
mkdir -p /work "$state/cgroup"
mount -t cgroup2 cgroup "$state/cgroup" && mkdir -p "$state/cgroup/almanac"

rm -f "$state/stdout" "$state/stderr" "$state/failed" "$state/leader" "$state/status" "$state/inputs"
# For the launcher, which unpacks what comes there into /work.
if [ -e "$here/files" ]; then ln -s "$inputs" "$state/inputs"; fi
mkfifo "$state/stdout" "$state/stderr"
cat <"$state/stdout" >"$stdout" &
relay_stdout=$!
cat <"$state/stderr" >"$stderr" &
relay_stderr=$!
# Waits until the host has opened "control", and so the ports before it.
echo READY >&9

input=/dev/null
[ ! -e "$here/stdin" ] || input=$here/stdin

# Runs "$@" and writes EXIT or SIGNAL with its number.
waiting() {
  if command -v perl >/dev/null; then
    exec perl -e '
      my $s = system {$ARGV[0]} @ARGV;
      open my $f, ">", "/run/almanac/status";
      print $f $s & 127 ? "SIGNAL " . ($s & 127) : "EXIT " . ($s >> 8), "\\n";' "$@"
  elif command -v python3 >/dev/null; then
    exec python3 -c 'import subprocess, sys
code = subprocess.call(sys.argv[1:], close_fds=False)
open("/run/almanac/status", "w").write("SIGNAL %d\\n" % -code if code < 0 else "EXIT %d\\n" % code)' "$@"
  elif command -v busybox >/dev/null; then
    busybox time -f '' -o "$state/time" "$@"
    code=$?
    read -r words <"$state/time"
    case $words in
    'Command terminated by signal '*) echo "SIGNAL \${words##* }" >"$state/status" ;;
    *) echo "EXIT $code" >"$state/status" ;;
    esac
  else
    "$@"
    echo "EXIT $?" >"$state/status"
  fi
}
waiting setsid "$here/launch" <"$input" >"$state/stdout" 2>"$state/stderr" 9>&- &
waiter=$!

(
  while read -r word <&9; do
    [ "$word" = TERM ] || continue
    # The launcher writes its pid first; a TERM that comes before that waits for it.
    until [ -s "$state/leader" ]; do sleep 0.01; done
    read -r leader <"$state/leader"
    kill -TERM "-$leader"
    kill -CONT "-$leader"
  done
) 2>/dev/null &

wait $waiter
# What the program left behind would hold its output open.
echo 1 >"$state/cgroup/almanac/cgroup.kill"
wait $relay_stdout $relay_stderr
# Before the last word: the host ends the machine at that.
if [ -e "$here/outputs" ] && [ "$(cat "$state/status")" = "EXIT 0" ] && [ ! -s "$state/failed" ]; then
  sh "$here/outputs" >"$outputs" </dev/null
fi
# The machine goes without shutting down: what was written to the user's disk must be there before.
if [ -e "$here/disk" ]; then
  disk=$(readlink -f /dev/disk/by-id/virtio-almanac-disk)
  while read -r source target rest; do
    case $source in "$disk"*) umount "$target" ;; esac
  done </proc/mounts
  sync
fi
kills=0
while read -r key value; do
  [ "$key" = oom_kill ] && kills=$value
done </proc/vmstat
if [ -s "$state/failed" ]; then
  read -r why <"$state/failed"
  echo "FAILED $why" >&9
elif read -r status <"$state/status"; then
  echo "$status oom=$kills" >&9
fi
# The host ends the machine once it has read that; this is for a host that is gone.
sleep 10
echo o >/proc/sysrq-trigger
`;
