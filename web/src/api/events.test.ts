import { expect, test } from 'vitest';
import { readEvents } from './events';

async function read(bytes: Uint8Array, chunk: number): Promise<string[]> {
  const body = new ReadableStream<Uint8Array>({
    start(controller) {
      for (let at = 0; at < bytes.length; at += chunk) controller.enqueue(bytes.slice(at, at + chunk));
      controller.close();
    },
  });
  const events: string[] = [];
  for await (const event of readEvents(body)) events.push(event);
  return events;
}

test('events are the same however the bytes are cut', async () => {
  const bytes = new TextEncoder().encode(
    ': hello\n\ndata: {"a":"由来"}\r\n\r\nevent: x\ndata: one\ndata: two\n\ndata:😀\r\rid: 3\n\ndata: [DONE]\n\n');
  for (let chunk = 1; chunk <= bytes.length; chunk++) {
    expect(await read(bytes, chunk)).toEqual(['{"a":"由来"}', 'one\ntwo', '😀', '[DONE]']);
  }
});

test('a last event without an empty line is read', async () => {
  expect(await read(new TextEncoder().encode('data: end'), 4)).toEqual(['end']);
});
