#compdef almanac
# zsh completion of almanac: source <(almanac completion zsh)
_almanac() {
  local current="${words[CURRENT]}" previous="${words[CURRENT-1]}" source="" place="" word
  local -a commands flags choices found
  local -i position=0 i files=0
  for ((i = 2; i < CURRENT; i++)); do
    word="${words[i]}"
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
      commands=('submit:' 'status:it'"'"'s how a job stands' 'st:it'"'"'s how a job stands' 'completion:' 'worker:')
      flags=('--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      ;;
    'submit')
      commands=()
      flags=('-w:wait for the end' '--wait:wait for the end' '--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      case "$position" in
        0) files=1 ;;
      esac
      ;;
    'status')
      commands=()
      flags=('--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      case "$position" in
        0) source='almanac list --quiet' ;;
      esac
      ;;
    'completion')
      commands=()
      flags=('--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      case "$position" in
        0) commands+=('bash' 'zsh' 'fish') ;;
      esac
      ;;
    'worker')
      commands=('list:' 'drain:')
      flags=('--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      ;;
    'worker list')
      commands=()
      flags=('-q:names only' '--quiet:names only' '--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      ;;
    'worker drain')
      commands=()
      flags=('--json:answer as JSON' '--log-level:how much to say' '-h:show help' '--help:show help')
      case "$previous" in
        '--log-level') choices=('debug' 'info') ;;
      esac
      case "$position" in
        *) files=1 ;;
      esac
      ;;
  esac
  if ((${#choices})); then
    compadd -a choices
  elif ((files == 2)); then
    _files
  elif [[ "$current" == -* ]]; then
    _describe -o option flags
  else
    ((${#commands})) && _describe command commands
    if [[ -n "$source" ]]; then
      found=("${(@f)$(eval $source 2>/dev/null)}")
      compadd -a found
    elif ((files == 1)); then
      _files
    fi
  fi
}
compdef _almanac almanac
