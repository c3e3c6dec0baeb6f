import { emptyArchiveStore, openMemoryArchive } from "./memory-archive.js";
import { archiveContract } from "./testing/contract.js";

archiveContract(async () => {
  const store = emptyArchiveStore();
  return {
    archive: openMemoryArchive(store),
    reopen: async () => openMemoryArchive(store),
    [Symbol.asyncDispose]: async () => {},
  };
});
