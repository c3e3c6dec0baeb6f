/**
 * QEMU's command line. It is made here from numbers and from paths of the worker: no text of a task
 * ever gets into it.
 */
import type { MachineNetwork } from "../../../core/drivers.js";
import type { OpenDisk } from "./disks.js";
import type { MachineImage } from "./images.js";

export type Accelerator = "kvm" | "tcg";

export interface MachineShape {
  readonly image: MachineImage;
  /** The image's initramfs with the attempt's files behind it; of an image with a disk, the seed. */
  readonly bootFile: string;
  readonly disks: MachineDisks;
  readonly accelerator: Accelerator;
  readonly cores: number;
  readonly memoryMiB: number;
  readonly network: MachineNetwork;
  /** It takes files in and sends some back. */
  readonly staged: boolean;
}

/** By the names that the guest sees them under: /dev/disk/by-id/virtio-almanac-NAME. */
export type MachineDisks = Readonly<Partial<Record<DiskName, OpenDisk>>>;

/** In the order in which the guest finds them: `root` is its /dev/vda. */
export const diskNames = ["root", "seed", "disk"] as const;
type DiskName = (typeof diskNames)[number];

/** Descriptors that QEMU is started with: one end of a socket pair each; 3 is the wrapper's gate. */
export const channels = {
  ...{ console: 4, qmp: 5, control: 6, stdout: 7, stderr: 8 },
  ...{ inputs: 9, outputs: 10 },
} as const;
const diskDescriptors = { root: 11, seed: 12, disk: 13 } as const;

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
  // Given, it is not measured anew by each core: of four cores' 3.3 s of cpu until the guest is ready
  // that saves 0.7 s. A wrong one makes short waits longer or shorter, which no device here minds.
  "lpj=12000000",
].join(" ");
/**
 * Saves the half second in which a translated kernel interprets ACPI's code. With it, or with
 * `pci=noacpi`, which comes to the same, the kernel finds no second core.
 */
const oneCoreOption = "acpi=noirq";

/** `control` last: when the guest finds that one open, the others are. */
const portsOf = (staged: boolean) =>
  ["stdout", "stderr", ...(staged ? dataPorts : []), "control"] as const;
const dataPorts = ["inputs", "outputs"] as const;

export function machineArguments(shape: MachineShape): string[] {
  const { image, accelerator, cores, memoryMiB, network } = shape;
  const ports = portsOf(shape.staged);
  return [
    ...["-nodefaults", "-no-user-config", "-display", "none", "-no-reboot"],
    ...["-sandbox", "on,obsolete=deny,elevateprivileges=deny,spawn=deny,resourcecontrol=deny"],
    ...["-M", "pc", ...acceleratorArguments(accelerator)],
    ...["-smp", String(cores), "-m", `${memoryMiB}M`],
    ...kernelArguments(shape),
    ...diskNames.flatMap((name) => diskArguments(name, image, shape.disks[name])),
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

/** A disk's own boot loader needs none of them. */
function kernelArguments({ image, bootFile, cores }: MachineShape): string[] {
  const options = cores === 1 ? `${kernelOptions} ${oneCoreOption}` : kernelOptions;
  if (image.kind === "initramfs") {
    return ["-kernel", image.kernel, "-initrd", bootFile, "-append", options];
  }
  const { kernel, kernelOptions: ofImage } = image;
  if (kernel === null) return [];
  const initramfs = kernel.initramfs === null ? [] : ["-initrd", kernel.initramfs];
  return ["-kernel", kernel.path, ...initramfs, "-append", `${options} ${ofImage}`];
}

/**
 * What is written to the image's disk goes to a file of QEMU's own, which has no name and goes with
 * the machine. QEMU locks the others itself: who writes has a disk alone.
 */
function diskArguments(name: DiskName, image: MachineImage, disk: OpenDisk | undefined): string[] {
  if (disk === undefined) return [];
  const set = diskDescriptors[name];
  const boots = name === "root" && image.kind === "disk" && image.kernel === null;
  return [
    ...["-add-fd", `fd=${set},set=${set}`],
    "-drive",
    `if=none,id=${name},format=${disk.format},file=/dev/fdset/${set},${accessOf(name, disk)}`,
    "-device",
    `virtio-blk-pci,drive=${name},serial=almanac-${name}${boots ? ",bootindex=0" : ""}`,
  ];
}

function accessOf(name: DiskName, disk: OpenDisk): string {
  if (name === "root") return "snapshot=on";
  // QEMU would first open it for reading, which its descriptor is not for.
  return disk.writable ? "readonly=off,file.auto-read-only=off" : "readonly=on";
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
