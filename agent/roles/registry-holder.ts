import { type Directory, directoryOf } from '../identify/directory.ts';
import { compile, EMPTY_RESOURCES, type Registry } from '../registry/compile.ts';
import type { ResourceSet } from '../registry/model.ts';

/** The registry and the directory in force; replaced whole, never changed. */
export class RegistryHolder {
  #registry: Registry = compile(EMPTY_RESOURCES, 0);
  #directory: Directory = directoryOf([]);

  get registry(): Registry {
    return this.#registry;
  }

  get directory(): Directory {
    return this.#directory;
  }

  replace(set: ResourceSet): void {
    this.#registry = compile(set, this.#registry.generation + 1);
    this.#directory = directoryOf(set.workloads);
  }
}
