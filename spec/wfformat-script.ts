/**
 * The program that stands in for a task of a recorded workflow. One text for all tasks, POSIX sh,
 * with two or three short programs around the time it spends, so that a task of 50 ms is still
 * about 50 ms. What differs comes in the environment:
 *
 *   WF_DIR      the workflow's data directory: files/, partial/ and witness/ lie in it
 *   WF_TASK     name of the task, and of its witness file
 *   WF_LOAD     cpu: burn the time; sleep: wait it
 *   WF_MILLIS   time to spend, reading and writing included
 *   WF_INPUTS   names of the files to read
 *   WF_OUTPUTS  name:bytes of the files to write
 *   WF_FIRST    set for the task that stages the workflow's own inputs in
 *
 * What a program costs to start is measured by the first one, and what the script still starts after
 * the time spent is taken off it.
 *
 * Outputs appear by rename at the very end: an attempt that was killed leaves none, so a dependent
 * that was started too early fails with exit code 3. The witness file gets a line `start` and a
 * line `end` from each attempt, with the time in seconds and the attempt's number: whoever wants to
 * check order and overlap from the outside needs nothing else.
 *
 * Exit codes: 2 the data directory cannot be used, 3 an input is missing, 4 the data directory was
 * used before, 5 an output could not be written.
 */
export const wfScript = `set -uf
attempt=\${ALMANAC_ATTEMPT:-1}; attempt=\${attempt##*#}
if [ -n "\${WF_FIRST:-}" ]; then
  if [ "$attempt" = 1 ] && [ -e "$WF_DIR/witness/$WF_TASK" ]; then
    echo "$WF_DIR was used by another run; give this one a directory of its own" >&2; exit 4
  fi
  mkdir -p "$WF_DIR/files" "$WF_DIR/partial" "$WF_DIR/witness" || exit 2
fi
cd "$WF_DIR/files" || exit 2
now() { at=$(date +%s%N); seconds=\${at%?????????}; }
now; cost=$at; now; started=$at; cost=$((started - cost))
echo "start $seconds.\${at#"$seconds"} $attempt" >> "../witness/$WF_TASK" || exit 2
[ -z "$WF_INPUTS" ] || cat -- $WF_INPUTS > /dev/null || exit 3
if [ -n "$WF_OUTPUTS" ]; then
  partial=../partial/$WF_TASK.$attempt
  mkdir -p "$partial" || exit 5
  for output in $WF_OUTPUTS; do
    size=\${output#*:}
    if [ "$size" -gt 65536 ]; then head -c "$size" /dev/zero
    elif [ "$size" -gt 0 ]; then printf "%\${size}s" ""
    fi > "$partial/\${output%%:*}" || exit 5
  done
fi
total=$((WF_MILLIS * 1000000))
if [ "$WF_LOAD" = sleep ] && [ "\${ALMANAC_WORKER_SPEED:-1}" != 1 ]; then
  total=$(awk "BEGIN { printf \\"%d\\", $total / $ALMANAC_WORKER_SPEED }")
fi
now; left=$((total - (at - started) - cost * 2))
[ "$WF_LOAD" != sleep ] || left=$((left - cost))
[ -z "$WF_OUTPUTS" ] || left=$((left - cost * 2))
if [ "$left" -gt 0 ] && [ "$WF_LOAD" = sleep ]; then
  fraction=$((1000000000 + left % 1000000000))
  sleep "$((left / 1000000000)).\${fraction#1}"
elif [ "$left" -gt 0 ]; then
  used() { ran=0; read -r ran rest < /proc/$$/schedstat; } 2> /dev/null
  used
  if [ "$ran" = 0 ]; then
    used() { read -r rest < /proc/$$/stat; set -- \${rest##*) }; ran=$((($12 + $13) * 10000000)); }
    used
  fi
  until_ran=$((ran + left))
  while [ "$ran" -lt "$until_ran" ]; do
    i=0; while [ "$i" -lt 500 ]; do i=$((i + 1)); done
    used
  done
fi
if [ -n "$WF_OUTPUTS" ]; then
  set +f; mv -- "$partial"/* . || exit 5
fi
now
echo "end $seconds.\${at#"$seconds"} $attempt" >> "../witness/$WF_TASK"
`;
