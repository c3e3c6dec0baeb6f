/** What a command that speaks to a master has at hand, for as long as it runs. */
import { type Client, createClient } from "./client.js";
import { credentialsFor } from "./credentials.js";
import { configOf, type Options } from "./settings.js";

export interface Session {
  readonly client: Client;
  readonly address: string;
  readonly json: boolean;
  readonly quiet: boolean;
  /** `--master 127.0.0.1:7080`, where it is not the one by default; for hints. */
  readonly masterFlag: string;
}

const defaultMaster = "127.0.0.1:7070";

export async function withSession<T>(
  options: Options,
  act: (session: Session) => Promise<T>,
): Promise<T> {
  const config = configOf(options, "cli");
  const address = config.cli.master;
  const client = createClient(address, await credentialsFor(config));
  try {
    return await act({
      client,
      address,
      json: options.json === true,
      quiet: options.quiet === true,
      masterFlag: masterFlag(address),
    });
  } finally {
    client.close();
  }
}

export const masterFlag = (address: string): string =>
  address === defaultMaster ? "" : ` --master ${address}`;
