/** The agent's way to the store: a shared directory, or the master over the wire. */
import { Metadata } from "@grpc/grpc-js";
import { principalOfIdentity } from "../../core/identity.js";
import { openBlobDirectory } from "../../data/blob-directory.js";
import { type BlobStore, directoryStore } from "../../data/blob-store.js";
import { remoteStore } from "../../data/remote-store.js";
import { DataServiceClient } from "../../proto/codec/services.js";
import { channelToMaster, tlsClientOptions } from "../../proto/security/channel.js";
import type { Credentials } from "../../proto/security/credentials.js";
import { principalHeader } from "../../proto/security/guard.js";
import type { Membership } from "../../proto/security/membership.js";

interface StoreOptions {
  readonly name: string;
  readonly masterAddress: string;
  readonly membership: Membership | null;
  /** null: there is none, the master keeps the content. */
  readonly sharedDirectory: string | null;
}

export interface StoreAccess {
  store(): Promise<BlobStore>;
  close(): void;
}

export function storeAccess(options: StoreOptions): StoreAccess {
  const { sharedDirectory, membership } = options;
  let held: { readonly store: BlobStore; readonly credentials: Credentials | null } | null = null;

  async function open(credentials: Credentials | null): Promise<BlobStore> {
    if (sharedDirectory === null) return overTheWire(options, credentials);
    const limits = { bytesMax: null, shared: true };
    return directoryStore(await openBlobDirectory(sharedDirectory, limits));
  }

  return {
    async store() {
      const credentials = membership?.current() ?? null;
      if (held !== null && held.credentials === credentials) return held.store;
      held?.store.close();
      held = { store: await open(credentials), credentials };
      return held.store;
    },
    close() {
      held?.store.close();
      held = null;
    },
  };
}

function overTheWire(
  { masterAddress, name }: StoreOptions,
  credentials: Credentials | null,
): BlobStore {
  const channel = channelToMaster(masterAddress, credentials);
  const client = new DataServiceClient(masterAddress, channel, {
    ...tlsClientOptions,
    "grpc.use_local_subchannel_pool": 1,
    "grpc.keepalive_time_ms": 10_000,
    "grpc.keepalive_timeout_ms": 10_000,
    "grpc.initial_reconnect_backoff_ms": 100,
    "grpc.max_reconnect_backoff_ms": 2_000,
  });
  return remoteStore(client, () => {
    const metadata = new Metadata();
    // With a certificate it is what that says; without, on loopback, what one says of oneself.
    metadata.set(principalHeader, principalOfIdentity({ role: "worker", name }));
    return metadata;
  });
}
