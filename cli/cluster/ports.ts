/** Places to listen. */
import { createServer } from "node:net";
import { parseAddress } from "../../spec/address.js";

/** False too where the address is none. */
export function portIsFree(address: string): Promise<boolean> {
  const parsed = parseAddress(address);
  if (parsed === null) return Promise.resolve(false);
  return new Promise((done) => {
    const server = createServer();
    server.once("error", () => done(false));
    server.listen({ host: parsed.host, port: parsed.port, exclusive: true }, () =>
      server.close(() => done(true)),
    );
  });
}

/** The usual address where it is free, any other port otherwise. */
export async function freeAddress(usual: string): Promise<string> {
  return (await portIsFree(usual)) ? usual : "127.0.0.1:0";
}
