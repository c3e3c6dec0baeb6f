/**
 * Stands before every method of a server with transport security: no call reaches a handler before
 * its peer's certificate has been looked at, and open calls are looked at again, so that whoever is
 * barred or has expired does not stay in through an open stream.
 */
import {
  type Metadata,
  ServerInterceptingCall,
  type ServerInterceptingCallInterface,
  type ServerInterceptor,
} from "@grpc/grpc-js";
import type { Identity } from "../../core/identity.js";
import { principalOfIdentity } from "../../core/identity.js";
import type { AlmanacError } from "../../core/result.js";
import { toServiceError } from "../codec/errors.js";
import { identityOf } from "./channel.js";

export interface Peer {
  readonly identity: Identity;
  /** Upper-case hexadecimal digits. */
  readonly serial: string;
}

/** Why a call of `/almanac.v1.Service/Method` is refused; null: it is not. `peer` null: unknown. */
export type Admit = (path: string, peer: Peer | null) => AlmanacError | null;

export interface Guard {
  readonly interceptor: ServerInterceptor;
  /** Looks at all open calls again. */
  recheck(): void;
}

export const principalHeader = "almanac-principal";
export const serialHeader = "almanac-certificate-serial";

/** Calls without a certificate that may be open at once: each may hold a whole message. */
const strangersMax = 8;
/** And how long one may take: they are single small calls. */
const strangerMs = 10_000;

interface OpenCall {
  readonly path: string;
  readonly peer: Peer | null;
  readonly sinceMs: number;
  end(error: AlmanacError): void;
}

export function createGuard(admit: Admit): Guard {
  const open = new Set<OpenCall>();
  let strangers = 0;

  function enter(path: string, peer: Peer | null, call: ServerInterceptingCallInterface): OpenCall {
    if (peer === null) strangers++;
    const entered = {
      path,
      peer,
      sinceMs: performance.now(),
      end: (e: AlmanacError) => refuse(call, e),
    };
    open.add(entered);
    return entered;
  }

  function leave(call: OpenCall | null): void {
    if (call !== null && open.delete(call) && call.peer === null) strangers--;
  }

  const interceptor: ServerInterceptor = ({ path }, call) => {
    const peer = peerOf(call);
    let entered: OpenCall | null = null;
    return new ServerInterceptingCall(call, {
      start: (next) =>
        next({
          onReceiveMetadata(metadata, forward) {
            const crowded = peer === null && strangers >= strangersMax;
            const refused = crowded ? tooManyStrangers : admit(path, peer);
            if (refused !== null) return refuse(call, refused);
            entered = enter(path, peer, call);
            forward(certified(metadata, peer));
          },
          onCancel: () => leave(entered),
        }),
      sendStatus: (status, next) => {
        leave(entered);
        next(status);
      },
    });
  };

  return {
    interceptor,
    recheck() {
      const nowMs = performance.now();
      for (const call of open) {
        const slow = call.peer === null && nowMs - call.sinceMs > strangerMs;
        const refused = slow ? tooSlow : admit(call.path, call.peer);
        if (refused === null) continue;
        leave(call);
        call.end(refused);
      }
    },
  };
}

/** Only a certificate that the handshake has verified against our authority counts. */
function peerOf(call: ServerInterceptingCallInterface): Peer | null {
  const certificate = call.getAuthContext().sslPeerCertificate;
  if (certificate === undefined) return null;
  const identity = identityOf(certificate);
  return identity === null ? null : { identity, serial: certificate.serialNumber };
}

/** What a client says of itself is replaced by what its certificate says. */
function certified(metadata: Metadata, peer: Peer | null): Metadata {
  metadata.remove(principalHeader);
  metadata.remove(serialHeader);
  if (peer === null) return metadata;
  metadata.set(principalHeader, principalOfIdentity(peer.identity));
  metadata.set(serialHeader, peer.serial);
  return metadata;
}

function refuse(call: ServerInterceptingCallInterface, error: AlmanacError): void {
  const { code, details, metadata } = toServiceError(error);
  call.sendStatus({ code, details, metadata });
}

const tooManyStrangers: AlmanacError = {
  code: "limit_exceeded",
  message: "too many are joining at once: try again in a moment",
  violations: [],
};
const tooSlow: AlmanacError = { code: "unavailable", message: "took too long", violations: [] };
