/** Addresses of the form `host:port`; IPv6 in brackets. */

export interface Address {
  readonly host: string;
  readonly port: number;
}

export function parseAddress(text: string): Address | null {
  const match = /^(?:\[([0-9a-fA-F:.]+)\]|([A-Za-z0-9.-]+)):(\d{1,5})$/.exec(text);
  const host = match?.[1] ?? match?.[2];
  const port = Number(match?.[3]);
  return match === null || host === undefined || port > 65_535 ? null : { host, port };
}

/** This machine and no other: 127.0.0.0/8, ::1, and localhost, which resolves to one of them. */
export function isLoopback(host: string): boolean {
  if (host === "localhost" || /^(0{0,4}:){1,7}0{0,3}1$/.test(host)) return true;
  const octets = host.split(".");
  return (
    octets.length === 4 &&
    octets[0] === "127" &&
    octets.every((octet) => /^\d{1,3}$/.test(octet) && Number(octet) <= 255)
  );
}

export const tlsModes = ["auto", "on", "off"] as const;
export type TlsMode = (typeof tlsModes)[number];

/** Whether what listens at an address speaks TLS: on loopback only where it is told to. */
export function speaksTls(mode: TlsMode, address: string): boolean {
  if (mode !== "auto") return mode === "on";
  const parsed = parseAddress(address);
  return parsed !== null && !isLoopback(parsed.host);
}

export const notLoopbackMessage = (address: string): string =>
  `${address} would be reachable from other machines, and without transport security anyone who reaches the port could run programs here. Set tls to auto or on, or use 127.0.0.1, another address of 127.0.0.0/8, [::1] or localhost`;
