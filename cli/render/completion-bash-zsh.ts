/** Scripts for bash and zsh, whose languages are close enough to share most of it. */
import {
  type CommandDescription,
  everyCommand,
  identifier,
  quote,
} from "./completion-description.js";

/**
 * Both bash and zsh walk the words up to the cursor to find the command they belong to (`place`),
 * skipping options and their values, and then offer what that command takes.
 */
export function bashScript(name: string, root: CommandDescription): string {
  const id = identifier(name);
  const cases = [...everyCommand(root)].map((command) => {
    const words = [
      ...command.commands.flatMap(({ names }) => names),
      ...command.options.flatMap(({ flags }) => flags),
    ];
    return [
      `    ${quote(command.path.join(" "))})`,
      `      words=${quote(words.join(" "))}`,
      ...valueCases(command, (choices) => `choices=${quote(choices.join(" "))}`),
      ...argumentCases(command, name, "bash"),
      "      ;;",
    ].join("\n");
  });
  return `# bash completion of ${name}: source <(${name} completion bash)
_${id}() {
  local current="\${COMP_WORDS[COMP_CWORD]}" previous="" words="" choices="" source="" place="" files=0
  local position=0 i word
  COMPREPLY=()
  ((COMP_CWORD > 0)) && previous="\${COMP_WORDS[COMP_CWORD-1]}"
  for ((i = 1; i < COMP_CWORD; i++)); do
    word="\${COMP_WORDS[i]}"
${walk(root, "place")}
  done
  case "$place" in
${cases.join("\n")}
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
    ((\${#COMPREPLY[@]} == 0 && files == 1)) && compopt -o default 2>/dev/null
  fi
}
complete -F _${id} ${name}
`;
}

export function zshScript(name: string, root: CommandDescription): string {
  const id = identifier(name);
  const cases = [...everyCommand(root)].map((command) => {
    const described = [
      ...command.commands.flatMap(({ names, description }) =>
        names.map((each) => `${each.replaceAll(":", "\\:")}:${description}`),
      ),
    ];
    const flags = command.options.flatMap((option) =>
      option.flags.map((flag) => `${flag}:${option.description}`),
    );
    return [
      `    ${quote(command.path.join(" "))})`,
      `      commands=(${described.map(quote).join(" ")})`,
      `      flags=(${flags.map(quote).join(" ")})`,
      ...valueCases(command, (choices) => `choices=(${choices.map(quote).join(" ")})`),
      ...argumentCases(command, name, "zsh"),
      "      ;;",
    ].join("\n");
  });
  return `#compdef ${name}
# zsh completion of ${name}: source <(${name} completion zsh)
_${id}() {
  local current="\${words[CURRENT]}" previous="\${words[CURRENT-1]}" source="" place="" word
  local -a commands flags choices found
  local -i position=0 i files=0
  for ((i = 2; i < CURRENT; i++)); do
    word="\${words[i]}"
${walk(root, "place")}
  done
  case "$place" in
${cases.join("\n")}
  esac
  if ((\${#choices})); then
    compadd -a choices
  elif ((files == 2)); then
    _files
  elif [[ "$current" == -* ]]; then
    _describe -o option flags
  else
    ((\${#commands})) && _describe command commands
    if [[ -n "$source" ]]; then
      found=("\${(@f)$(eval $source 2>/dev/null)}")
      compadd -a found
    elif ((files == 1)); then
      _files
    fi
  fi
}
compdef _${id} ${name}
`;
}

/** Shell code that takes one word: an option, a value of one, a command or an argument. */
function walk(root: CommandDescription, place: string): string {
  const valued: string[] = [];
  const steps: string[] = [];
  for (const command of everyCommand(root)) {
    const path = command.path.join(" ");
    for (const { flags, takesValue } of command.options) {
      if (takesValue) valued.push(...flags.map((flag) => quote(`${path}|${flag}`)));
    }
    for (const child of command.commands) {
      const patterns = child.names.map((each) => quote(`${path}|${each}`)).join("|");
      steps.push(
        `      ${patterns}) ${place}=${quote(child.path.join(" "))}; position=0; continue ;;`,
      );
    }
  }
  return [
    `    case "$${place}|$word" in`,
    ...(valued.length > 0 ? [`      ${valued.join("|")}) i=$((i + 1)); continue ;;`] : []),
    "      *'|'-*) continue ;;",
    ...steps,
    "    esac",
    "    position=$((position + 1))",
  ].join("\n");
}

/** What may follow an option that takes a value; `files=2` asks for file names and nothing else. */
function valueCases(
  command: CommandDescription,
  offer: (choices: readonly string[]) => string,
): string[] {
  const valued = command.options.filter(({ takesValue }) => takesValue);
  if (valued.length === 0) return [];
  const cases = valued.map(({ flags, choices }) => {
    const action = choices.length > 0 ? offer(choices) : "files=2";
    return `        ${flags.map(quote).join("|")}) ${action} ;;`;
  });
  return ['      case "$previous" in', ...cases, "      esac"];
}

function argumentCases(command: CommandDescription, name: string, shell: "bash" | "zsh"): string[] {
  if (command.args.length === 0) return [];
  const cases = command.args.map(({ choices, source, variadic }, index) => {
    const pattern = variadic ? "*" : String(index);
    const words = choices.map(quote).join(" ");
    const offered =
      shell === "bash" ? `words="$words "${quote(choices.join(" "))}` : `commands+=(${words})`;
    const action =
      choices.length > 0
        ? offered
        : source !== null
          ? `source=${quote(`${name} ${source}`)}`
          : "files=1";
    return `        ${pattern}) ${action} ;;`;
  });
  return ['      case "$position" in', ...cases, "      esac"];
}
