/**
 * QEMU's command line. It is made here from numbers and from paths of the worker: no text of a task
 * ever gets into it.
 */
import type { MachineNetwork } from "../../../core/drivers.js";
import type { MachineImage } from "./images.js";

export type Accelerator = "kvm" | "tcg";

export interface MachineShape {
  readonly image: MachineImage;
  /** The image's initramfs with the attempt's files behind it. */
  readonly initrd: string;
  readonly accelerator: Accelerator;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly network: MachineNetwork;
}

/** Descriptors that QEMU is started with: one end of a socket pair each; 3 is the wrapper's gate. */
export const channels = { console: 4, qmp: 5, control: 6, stdin: 7, stdout: 8, stderr: 9 } as const;

/** Of translated code; without it a guest under TCG may take another gigabyte of the host. */
const translationCacheMiB = 32;

/**
 * What a guest can do without makes it start three times as fast under TCG. A panic ends in a
 * reboot at once, and a reboot, by `-no-reboot`, in the end of the machine.
 */
const kernelOptions = [
  "console=ttyS0 quiet panic=-1 reboot=t",
  "tsc=reliable no_timer_check cryptomgr.notests mitigations=off nopti nokaslr",
  "8250.nr_uarts=1 i8042.noaux pci=conf1",
].join(" ");
/** Saves a third of the start, but the kernel then finds no second core. */
const oneCoreOption = "acpi=noirq";

/** `control` last: when the guest finds that one open, the others are. */
const ports = ["stdin", "stdout", "stderr", "control"] as const;

export function machineArguments(shape: MachineShape): string[] {
  const { image, initrd, accelerator, cores, memoryMiB, network } = shape;
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-M", "pc", ...acceleratorArguments(accelerator)],
    ...["-smp", String(cores), "-m", `${memoryMiB}M`],
    ...["-kernel", image.kernel, "-initrd", initrd],
    ...["-append", cores === 1 ? `${kernelOptions} ${oneCoreOption}` : kernelOptions],
    ...channel("console"),
    ...["-serial", "chardev:console"],
    ...channel("qmp"),
    ...["-mon", "chardev=qmp,mode=control"],
    ...["-device", `virtio-serial-pci,max_ports=${ports.length + 1}`],
    ...ports.flatMap((name) => [
      ...channel(name),
      ...["-device", `virtserialport,chardev=${name},name=${name}`],
    ]),
    ...networkArguments(network),
  ];
}

const acceleratorArguments = (accelerator: Accelerator): string[] =>
  accelerator === "kvm"
    ? ["-accel", "kvm", "-cpu", "host"]
    : ["-accel", `tcg,thread=multi,tb-size=${translationCacheMiB}`, "-cpu", "max"];

/** `user`: connections out through the worker; none in. */
const networkArguments = (network: MachineNetwork): string[] =>
  network === "none"
    ? []
    : ["-netdev", "user,id=net", "-device", "virtio-net-pci,netdev=net,romfile="];

const channel = (name: keyof typeof channels): string[] => [
  "-chardev",
  `socket,id=${name},fd=${channels[name]}`,
];
