/** What a command that speaks to a master has at hand, for as long as it runs. */
import { openBlobDirectory } from "../data/blob-directory.js";
import { type BlobStore, directoryStore } from "../data/blob-store.js";
import type { Config } from "../spec/config.js";
import { type Client, createClient } from "./client.js";
import { credentialsFor } from "./credentials.js";
import { configOf, type Options } from "./settings.js";

export interface Session {
  readonly client: Client;
  /** Where the content of inputs and outputs is. */
  readonly store: () => Promise<BlobStore>;
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
      store: () => storeOf(config, client),
      address,
      json: options.json === true,
      quiet: options.quiet === true,
      masterFlag: masterFlag(address),
    });
  } finally {
    client.close();
  }
}

async function storeOf({ data }: Config, client: Client): Promise<BlobStore> {
  if (data.sharedDirectory === null) return client.store;
  const options = { bytesMax: null, shared: true };
  return directoryStore(await openBlobDirectory(data.sharedDirectory, options));
}

export const masterFlag = (address: string): string =>
  address === defaultMaster ? "" : ` --master ${address}`;
