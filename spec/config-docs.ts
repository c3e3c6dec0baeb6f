/** The text of docs/configuration.md, from the table of settings; a test keeps the file up to date. */
import { configSections, type Setting, settings } from "./settings.js";

const about: Readonly<Record<string, string>> = {
  cluster: "What holds for the whole cluster; read by the master.",
  master: "`almanac master`.",
  planner: "`almanac planner`.",
  worker: "`almanac worker`.",
  cli: "Every command that speaks to a master.",
  data: "Inputs and outputs: the master, workers, and commands that send or fetch files.",
  log: "Every part.",
};

export function configurationPage(): string {
  return `# Configuration

This page is generated from the schema in \`spec/config-schema.ts\`; \`npx vitest run spec -u\` writes it anew.

Every setting can be given in three ways; the first one found holds:

1. a flag: the long form (\`--master-listen\`) with every command, the short form (\`--listen\`) with the command of its own part;
2. an environment variable (\`ALMANAC_MASTER_LISTEN\`); an empty one counts as not set;
3. the config file, YAML, named by \`--config\` or \`ALMANAC_CONFIG\`, else \`almanac.yaml\` in the working directory;
4. the default.

Sizes are bytes or \`64Mi\`, \`2Gi\`, \`1G\`; cores are \`2\`, \`1.5\` or \`500m\`. Lists and maps in a flag or variable are YAML (\`{zone: eu}\`), maps also \`zone=eu,disk=ssd\`. \`~/\` at the start of a path is the home directory. A wrong value stops the start with a message that names the setting and where the value came from.

**Loopback or TLS.** Whoever reaches a port in plain text could run programs on the workers. So plain text is for addresses in 127.0.0.0/8, \`[::1]\` and \`localhost\`; at any other the parts speak mutual TLS, and \`tls: off\` is refused. [security.md](security.md) says how nodes and people join.

## Example

\`\`\`yaml
${exampleConfig}\`\`\`

${configSections.map(sectionOf).join("\n")}`;
}

export const exampleConfig = `cluster:
  name: lab
  pools: { licence: 2 }
  expectedWorkers:
    - { name: big, cpu: 8, memory: 32Gi, labels: { zone: eu } }
master:
  listen: 127.0.0.1:7070
  dataDirectory: ~/almanac/master
worker:
  offer: { cpu: 2, memory: 4Gi }
  labels: { zone: eu }
`;

function sectionOf(section: string): string {
  const rows = settings.filter((setting) => setting.section === section).map(rowOf);
  return `## ${section}

${about[section] ?? ""}

| setting | default | flag | environment | what it is |
|---|---|---|---|---|
${rows.join("\n")}
`;
}

function rowOf(setting: Setting): string {
  const flags = `\`${setting.flag}\`, \`${setting.shortFlag}\``;
  const cells = [
    `\`${setting.path}\``,
    `\`${setting.defaultText}\``,
    flags,
    `\`${setting.env}\``,
    setting.description,
  ];
  return `| ${cells.join(" | ")} |`;
}
