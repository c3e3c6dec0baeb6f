/** Credentials that renew themselves for as long as a process runs. */
import { type Credentials, renewalDueAtMs } from "./credentials.js";
import { renew } from "./join.js";

export interface Membership {
  /** Read anew for each connection. */
  current(): Credentials;
  stop(): void;
}

export interface MembershipOptions {
  readonly address: string;
  readonly directory: string;
  readonly credentials: Credentials;
  readonly log: {
    info(fields: object, message: string): void;
    warn(fields: object, message: string): void;
  };
  readonly onRenewed?: (credentials: Credentials) => void;
}

/** Between tries while the master is away: a small part of a life, within bounds. */
const retryShare = 0.02;
const retryMsMin = 200;
const retryMsMax = 60_000;
/** Timers hold 31 bits; a clock that is set meanwhile is noticed this often too. */
const lookMsMax = 60_000;

export function keepRenewed(options: MembershipOptions): Membership {
  const { address, directory, log } = options;
  let held = options.credentials;
  let timer: NodeJS.Timeout | null = null;
  let stopped = false;

  function lookIn(waitMs: number): void {
    if (stopped) return;
    timer = setTimeout(() => void look(), Math.min(lookMsMax, Math.max(0, waitMs)));
    timer.unref();
  }

  async function look(): Promise<void> {
    const dueInMs = renewalDueAtMs(held) - Date.now();
    if (dueInMs > 0) return lookIn(dueInMs);
    const renewed = await renew(address, directory, held).catch((error: unknown) => ({
      ok: false as const,
      error: { message: error instanceof Error ? error.message : String(error) },
    }));
    if (stopped) return;
    if (!renewed.ok) {
      log.warn({ why: renewed.error.message }, "the certificate could not be renewed yet");
      return lookIn(Math.min(retryMsMax, Math.max(retryMsMin, held.lifeMs * retryShare)));
    }
    held = renewed.value;
    log.info({ lifeMs: held.lifeMs }, "certificate renewed");
    options.onRenewed?.(held);
    lookIn(renewalDueAtMs(held) - Date.now());
  }

  lookIn(renewalDueAtMs(held) - Date.now());
  return {
    current: () => held,
    stop() {
      stopped = true;
      if (timer !== null) clearTimeout(timer);
    },
  };
}
