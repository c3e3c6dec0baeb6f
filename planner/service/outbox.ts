/**
 * Updates on their way to a master that may read slowly: what has not been taken when something
 * better comes is dropped, so that at most one incumbent and one bound wait.
 */
import type { ServerDuplexStream } from "@grpc/grpc-js";
import type { BoundRaised, PlanIncumbent, PlanSummary, PlanUpdate } from "../../core/planning.js";
import { encodePlanUpdate } from "../../proto/codec/plan.js";
import type { PlanReply, PlanRequest } from "../../proto/codec/services.js";

export class Outbox {
  private readonly call: ServerDuplexStream<PlanRequest, PlanReply>;
  private blocked = false;
  private incumbent: PlanIncumbent | null = null;
  private bound: BoundRaised | null = null;
  private summary: PlanSummary | null = null;

  constructor(call: ServerDuplexStream<PlanRequest, PlanReply>) {
    this.call = call;
    call.on("drain", () => {
      this.blocked = false;
      this.flush();
    });
  }

  send(update: PlanUpdate): void {
    switch (update.kind) {
      case "accepted":
        return this.write(update);
      case "incumbent":
        this.incumbent = update.incumbent;
        break;
      case "bound":
        this.bound = update.bound;
        break;
      case "finished":
        this.summary = update.summary;
        break;
    }
    this.flush();
  }

  private flush(): void {
    const { incumbent, bound, summary } = this;
    if (!this.blocked && incumbent !== null) {
      this.incumbent = null;
      this.write({ kind: "incumbent", incumbent });
    }
    if (!this.blocked && bound !== null) {
      this.bound = null;
      this.write({ kind: "bound", bound });
    }
    if (!this.blocked && summary !== null) {
      this.summary = null;
      this.write({ kind: "finished", summary });
      this.call.end();
    }
  }

  private write(update: PlanUpdate): void {
    this.blocked = !this.call.write(encodePlanUpdate(update));
  }
}
