# fish completion of almanac: almanac completion fish | source
function __almanac_place
  set -l place ''
  set -l skip 0
  set -l words (commandline -opc)
  set -e words[1]
  for word in $words
    if test $skip = 1
      set skip 0
      continue
    end
    switch "$place|$word"
      case '|--log-level'
        set skip 1
      case '|submit'
        set place 'submit'
      case '|status' '|st'
        set place 'status'
      case '|completion'
        set place 'completion'
      case '|worker'
        set place 'worker'
      case 'submit|--log-level'
        set skip 1
      case 'status|--log-level'
        set skip 1
      case 'completion|--log-level'
        set skip 1
      case 'worker|--log-level'
        set skip 1
      case 'worker|list'
        set place 'worker list'
      case 'worker|drain'
        set place 'worker drain'
      case 'worker list|--log-level'
        set skip 1
      case 'worker drain|--log-level'
        set skip 1
    end
  end
  echo $place
end
complete -c almanac -f
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -a 'submit' -d ''
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -a 'status' -d 'it'"'"'s how a job stands'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -a 'st' -d 'it'"'"'s how a job stands'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -a 'completion' -d ''
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -a 'worker' -d ''
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"''"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'submit'"'"'' -s 'w' -l 'wait' -d 'wait for the end'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'submit'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'submit'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'submit'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'submit'"'"'' -F
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'status'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'status'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'status'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'status'"'"'' -a '(almanac list --quiet 2>/dev/null)'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'completion'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'completion'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'completion'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'completion'"'"'' -a 'bash zsh fish'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker'"'"'' -a 'list' -d ''
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker'"'"'' -a 'drain' -d ''
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker list'"'"'' -s 'q' -l 'quiet' -d 'names only'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker list'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker list'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker list'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker drain'"'"'' -l 'json' -d 'answer as JSON'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker drain'"'"'' -l 'log-level' -x -a 'debug info' -d 'how much to say'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker drain'"'"'' -s 'h' -l 'help' -d 'show help'
complete -c almanac -n 'test "$(__almanac_place)" = '"'"'worker drain'"'"'' -F
