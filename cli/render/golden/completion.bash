# bash completion of almanac: source <(almanac completion bash)
_almanac() {
  local current="${COMP_WORDS[COMP_CWORD]}" previous="" words="" choices="" source="" place="" files=0
  local position=0 i word
  COMPREPLY=()
  ((COMP_CWORD > 0)) && previous="${COMP_WORDS[COMP_CWORD-1]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="${COMP_WORDS[i]}"
    case "$place|$word" in
      '|--log-level'|'submit|--log-level'|'status|--log-level'|'completion|--log-level'|'worker|--log-level'|'worker list|--log-level'|'worker drain|--log-level') i=$((i + 1)); continue ;;
      *'|'-*) continue ;;
      '|submit') place='submit'; position=0; continue ;;
      '|status'|'|st') place='status'; position=0; continue ;;
      '|completion') place='completion'; position=0; continue ;;
      '|worker') place='worker'; position=0; continue ;;
      'worker|list') place='worker list'; position=0; continue ;;
      'worker|drain') place='worker drain'; position=0; continue ;;
    esac
    position=$((position + 1))
  done
  case "$place" in
    '')
      words='submit status st completion worker --json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      ;;
    'submit')
      words='-w --wait --json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      case "$position" in
        0) files=1 ;;
      esac
      ;;
    'status')
      words='--json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      case "$position" in
        0) source='almanac list --quiet' ;;
      esac
      ;;
    'completion')
      words='--json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      case "$position" in
        0) words="$words "'bash zsh fish' ;;
      esac
      ;;
    'worker')
      words='list drain --json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      ;;
    'worker list')
      words='-q --quiet --json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      ;;
    'worker drain')
      words='--json --log-level -h --help'
      case "$previous" in
        '--log-level') choices='debug info' ;;
      esac
      case "$position" in
        *) files=1 ;;
      esac
      ;;
  esac
  if [[ -n "$choices" ]]; then
    COMPREPLY=($(compgen -W "$choices" -- "$current"))
  elif ((files == 2)); then
    compopt -o default 2>/dev/null
  elif [[ "$current" == -* ]]; then
    COMPREPLY=($(compgen -W "$words" -- "$current"))
  else
    [[ -n "$source" ]] && words="$words $($source 2>/dev/null)"
    local offered="" each
    for each in $words; do [[ "$each" == -* ]] || offered="$offered $each"; done
    COMPREPLY=($(compgen -W "$offered" -- "$current"))
    ((${#COMPREPLY[@]} == 0 && files == 1)) && compopt -o default 2>/dev/null
  fi
}
complete -F _almanac almanac
