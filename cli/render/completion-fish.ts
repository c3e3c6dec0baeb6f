/** The script for fish, which is a list of what may follow where. */
import {
  type CommandDescription,
  everyCommand,
  identifier,
  type OptionDescription,
  quote,
} from "./completion-description.js";

export function fishScript(name: string, root: CommandDescription): string {
  const lines: string[] = [];
  for (const command of everyCommand(root)) {
    const place = command.path.join(" ");
    const here = `test "$(__${identifier(name)}_place)" = ${quote(place)}`;
    const complete = `complete -c ${name} -n ${quote(here)}`;
    for (const child of command.commands) {
      for (const each of child.names) {
        lines.push(`${complete} -a ${quote(each)} -d ${quote(child.description)}`);
      }
    }
    for (const option of command.options) lines.push(`${complete} ${optionWords(option)}`);
    for (const { choices, source } of command.args) {
      if (choices.length > 0) lines.push(`${complete} -a ${quote(choices.join(" "))}`);
      else if (source === null) lines.push(`${complete} -F`);
      else lines.push(`${complete} -a ${quote(`(${name} ${source} 2>/dev/null)`)}`);
    }
  }
  return `# fish completion of ${name}: ${name} completion fish | source
${placeFunction(name, root)}
complete -c ${name} -f
${lines.join("\n")}
`;
}

/** Prints the command that the words before the cursor name. */
function placeFunction(name: string, root: CommandDescription): string {
  const cases: string[] = [];
  for (const { path, options, commands } of everyCommand(root)) {
    const place = path.join(" ");
    const valued = options.filter(({ takesValue }) => takesValue).flatMap(({ flags }) => flags);
    for (const flag of valued)
      cases.push(`      case ${quote(`${place}|${flag}`)}`, "        set skip 1");
    for (const child of commands) {
      const patterns = child.names.map((each) => quote(`${place}|${each}`)).join(" ");
      cases.push(`      case ${patterns}`, `        set place ${quote(child.path.join(" "))}`);
    }
  }
  return `function __${identifier(name)}_place
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
${cases.join("\n")}
    end
  end
  echo $place
end`;
}

function optionWords({ flags, description, takesValue, choices }: OptionDescription): string {
  const words = flags.map((flag) =>
    flag.startsWith("--") ? `-l ${quote(flag.slice(2))}` : `-s ${quote(flag.slice(1))}`,
  );
  if (takesValue && choices.length > 0) words.push(`-x -a ${quote(choices.join(" "))}`);
  else if (takesValue) words.push("-r -F");
  return [...words, `-d ${quote(description)}`].join(" ");
}
