import { HEADER, LAYOUT, WORD } from '../../agent/native/records.ts';

type Fields = {
  readonly value?: number;
  readonly flags?: number;
  readonly side?: number;
  readonly payload?: number;
  readonly slot?: number;
  readonly generation?: number;
};

/** The producer as ring.c has it, for records without wrap-around. */
export class MessageProducer {
  readonly memory = new ArrayBuffer(LAYOUT.controlWords * 4 + LAYOUT.messageBytes + LAYOUT.commandBytes);
  readonly view = new DataView(this.memory, LAYOUT.controlWords * 4, LAYOUT.messageBytes);
  readonly #control = new Int32Array(this.memory, 0, LAYOUT.controlWords);
  #head = 0;

  /** Gives the offset of the record. */
  post(kind: number, length: number, fields: Fields): number {
    const at = this.#head & (LAYOUT.messageBytes - 1);
    this.view.setUint32(at + HEADER.length, length, true);
    this.view.setUint8(at + HEADER.kind, kind);
    this.view.setUint8(at + HEADER.side, fields.side ?? 0);
    this.view.setUint16(at + HEADER.flags, fields.flags ?? 0, true);
    this.view.setUint32(at + HEADER.slot, fields.slot ?? 0, true);
    this.view.setUint32(at + HEADER.generation, fields.generation ?? 0, true);
    this.view.setInt32(at + HEADER.value, fields.value ?? 0, true);
    this.view.setUint32(at + HEADER.payload, fields.payload ?? 0, true);
    this.#head += length;
    this.#control[WORD.messagesHead] = this.#head;
    return at;
  }

  get tail(): number {
    return this.#control[WORD.messagesTail] ?? 0;
  }
}
