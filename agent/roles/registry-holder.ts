import { type Directory, directoryOf } from '../identify/directory.ts';
import { compile, EMPTY_RESOURCES, type GatewayIdentity, type Registry } from '../registry/compile.ts';
import type { ResourceSet } from '../registry/model.ts';

/** The registry and the directory in force; replaced whole, never changed. */
export class RegistryHolder {
  readonly #gateway: GatewayIdentity | undefined;
  #registry: Registry = compile(EMPTY_RESOURCES, 0);
  #directory: Directory = directoryOf([]);

  /** `gateway`: for whom it is compiled; undefined: hop mesh. */
  constructor(gateway: GatewayIdentity | undefined) {
    this.#gateway = gateway;
  }

  get registry(): Registry {
    return this.#registry;
  }

  get directory(): Directory {
    return this.#directory;
  }

  replace(set: ResourceSet): void {
    this.#registry = compile(set, this.#registry.generation + 1, this.#gateway);
    this.#directory = directoryOf(set.workloads);
  }
}
