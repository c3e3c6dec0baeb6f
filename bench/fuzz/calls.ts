/**
 * Every method of every service, called with bytes that are no message, or one that means nothing.
 * A refusal is a status with a message; a method that takes what it is given may change the state,
 * one that refuses must not.
 */
import { Client, credentials, type ServiceError } from "@grpc/grpc-js";
import { randomInteger } from "../../core/random.js";
import {
  ClusterServiceService,
  DataServiceService,
  JobServiceService,
  JoinServiceService,
  ModelServiceService,
  PlannerServiceService,
  WorkerServiceService,
} from "../../proto/codec/services.js";
import { mutateBytes, randomBytes, randomWire } from "./mutate.js";
import { requestSamples } from "./samples.js";

export interface Method {
  readonly path: string;
  readonly requestStream: boolean;
  readonly responseStream: boolean;
}

const methodsOf = (service: Readonly<Record<string, Method>>): Method[] =>
  Object.values(service).map(({ path, requestStream, responseStream }) => ({
    path,
    requestStream,
    responseStream,
  }));

export const masterMethods: readonly Method[] = [
  ...methodsOf(JobServiceService),
  ...methodsOf(ClusterServiceService),
  ...methodsOf(DataServiceService),
  ...methodsOf(JoinServiceService),
  ...methodsOf(ModelServiceService),
  ...methodsOf(WorkerServiceService),
];
export const plannerMethods: readonly Method[] = methodsOf(PlannerServiceService);

/** `unanswered`: a stream that waits for more, and was ended by us. */
export type Answer = "accepted" | "refused" | "unanswered";

export interface Caller {
  /** Rejects where the answer is no answer: an unknown failure, or a refusal without a word. */
  call(method: Method, random: () => number): Promise<Answer>;
  close(): void;
}

const streamPatienceMs = 200;
const deadlineMs = 60_000;
const asTheyAre = (bytes: Buffer): Buffer => bytes;

export function createCaller(address: string, seed: number): Caller {
  const client = new Client(address, credentials.createInsecure(), {
    "grpc.max_receive_message_length": -1,
    "grpc.use_local_subchannel_pool": 1,
  });
  const samples = requestSamples(seed);
  return {
    call(method, random) {
      const draw = (): Buffer => drawRequest(random, samples.get(method.path) ?? []);
      if (!method.requestStream && !method.responseStream) return unary(client, method, draw());
      const messages = Array.from({ length: 1 + randomInteger(random, 3) }, draw);
      return streaming(client, method, messages);
    },
    close: () => client.close(),
  };
}

function drawRequest(random: () => number, samples: readonly Buffer[]): Buffer {
  const sample = samples[randomInteger(random, samples.length)];
  if (sample !== undefined && random() < 0.6) return mutateBytes(random, sample, sample);
  if (random() < 0.2) return randomBytes(random, randomInteger(random, 200));
  return randomWire(random);
}

function unary(client: Client, { path }: Method, bytes: Buffer): Promise<Answer> {
  return new Promise((resolve, reject) => {
    const options = { deadline: Date.now() + deadlineMs };
    client.makeUnaryRequest(path, asTheyAre, asTheyAre, bytes, options, (error) => {
      if (error === null) return resolve("accepted");
      judge(error, path, resolve, reject);
    });
  });
}

function streaming(client: Client, method: Method, messages: readonly Buffer[]): Promise<Answer> {
  const { path, requestStream, responseStream } = method;
  const [first = Buffer.alloc(0)] = messages;
  const options = { deadline: Date.now() + deadlineMs };
  if (!requestStream) {
    const stream = client.makeServerStreamRequest(path, asTheyAre, asTheyAre, first, options);
    return answerOf(stream, path);
  }
  if (responseStream) {
    const stream = client.makeBidiStreamRequest(path, asTheyAre, asTheyAre, options);
    for (const message of messages) stream.write(message);
    return answerOf(stream, path);
  }
  return new Promise((resolve, reject) => {
    const stream = client.makeClientStreamRequest(path, asTheyAre, asTheyAre, options, (error) => {
      if (error === null) return resolve("accepted");
      judge(error, path, resolve, reject);
    });
    for (const message of messages) stream.write(message);
    stream.end();
  });
}

interface Answering {
  on(event: "data" | "end", listener: () => void): unknown;
  on(event: "error", listener: (error: ServiceError) => void): unknown;
  cancel(): void;
}

function answerOf(stream: Answering, path: string): Promise<Answer> {
  return new Promise((resolve, reject) => {
    let answered = false;
    const patience = setTimeout(() => {
      resolve(answered ? "accepted" : "unanswered");
      stream.cancel();
    }, streamPatienceMs);
    stream.on("data", () => {
      answered = true;
    });
    stream.on("end", () => {
      clearTimeout(patience);
      resolve("accepted");
    });
    stream.on("error", (error) => {
      clearTimeout(patience);
      judge(error, path, resolve, reject);
    });
  });
}

/** gRPC's own word for bytes that are no message. */
const noMessage = /deserializ|index out of range|invalid wire type|premature|illegal tag|end of/i;

function judge(
  { code, details, message }: ServiceError,
  path: string,
  resolve: (answer: Answer) => void,
  reject: (error: Error) => void,
): void {
  const isTyped = code !== undefined && code !== 2 && code !== 13 && code !== 14 && code !== 4;
  if (isTyped && details !== "") return resolve("refused");
  if (code === 13 && noMessage.test(details)) return resolve("refused");
  reject(new Error(`${path}: ${message}`));
}
