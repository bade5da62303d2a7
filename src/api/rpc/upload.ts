import { useFiles } from '../../directory/files.ts';
import { threadName } from '../../domain/address.ts';
import { boundaryOf } from '../../files/form-file.ts';
import { type AppContext, type AppMiddleware, organizationDatabase } from '../../http/app-environment.ts';
import { keyRequest } from '../../http/idempotency-key.ts';
import { type Refused, refuse } from '../../http/refusals.ts';
import { fieldErrors } from '../../http/validation-errors.ts';
import { fileAttachment } from '../../resources/file-links.ts';
import { findCachedInterface } from '../interface-channel.ts';
import { refuseThread } from '../refuse-thread.ts';
import { type FormFields, receiveFile } from '../shared/upload.ts';
import { type RpcChannel, sendMessage, toldBy } from './message.ts';
import { NO_SETTINGS, refusalOfOrganization } from './organization.ts';
import type { Outcome } from './outcome.ts';
import { type MessageParams, PARAMS } from './params.ts';
import { findParties, threadBetween } from './parties.ts';

/**
 * A form with the fields `orgid`, `from`, `to` and `file` at the URL of the methods: the file is a message between both. The
 * same file with the same `timestamp` or `Idempotency-Key` is the same message. Any other body is a call of a method.
 */
export const takeUpload: AppMiddleware = async (c, next) => {
  if (boundaryOf(c.req.header('Content-Type') ?? '') === null) return await next();
  const found = await findCachedInterface(c, 'rpc');
  return found === null ? refuse(c, NO_SETTINGS) : await receive(c, found);
};

async function receive(c: AppContext, rpc: RpcChannel): Promise<Response> {
  const { organization } = c.var.keyHolder;
  const database = organizationDatabase(c);
  const owner = { organization_id: organization.id, type: 'channel' as const, id: rpc.channel.id };
  const uploader = { owner, database, quota: organization.stored.quota, limit: null };
  const received = await receiveFile(c, uploader, undefined, async (fields) => {
    // The rest may come behind the file.
    if (!fields.has('from') || !fields.has('to')) return null;
    const read = await readFields(c, fields);
    return read.ok ? null : read.refused;
  });
  if (!received.ok) return received.refused;
  const read = await readFields(c, received.fields);
  if (!read.ok) return read.refused;
  const { params } = read;
  const told = toldBy(await findParties(c, params));
  if (!told.ok) return refused(c, told);
  const { sha256 } = received.file;
  const fields = [...received.fields].sort(([one], [other]) => (one < other ? -1 : 1));
  const badKey = await keyRequest(c, () => ({ fields, sha256 }));
  if (badKey !== null) return badKey;
  const { identity } = await threadBetween(c, rpc.channel, told.result.host, told.result.contact);
  // The chat is not known before the message: its thread stands for it.
  const used = await useFiles(database, owner, threadName(identity), [received.file.id], Date.now());
  const file = used?.files.get(received.file.id);
  if (file === undefined) return refuse(c, { reason: 'conflict', detail: 'The file was deleted meanwhile.' });
  const sent = await sendMessage(c, rpc, params, told.result, { text: '', attachments: [fileAttachment(file)] }, null);
  return sent.ok ? c.json({ result: sent.result }, 200) : refused(c, sent);
}

type Fields = { ok: true; params: MessageParams } | { ok: false; refused: Refused };

async function readFields(c: AppContext, fields: FormFields): Promise<Fields> {
  const given = Object.fromEntries(
    ['orgid', 'domain', 'from', 'to', 'timestamp'].flatMap((name) => {
      const text = fields.get(name);
      return text === undefined ? [] : [[name, text]];
    }),
  );
  const parsed = PARAMS.message.safeParse(given);
  if (!parsed.success) {
    return { ok: false, refused: refuse(c, { reason: 'invalid', fields: fieldErrors(parsed.error.issues, given) }) };
  }
  const foreign = await refusalOfOrganization(c, parsed.data);
  if (foreign !== null) return { ok: false, refused: refuse(c, foreign) };
  const parties = await findParties(c, parsed.data);
  return parties.ok ? { ok: true, params: parsed.data } : { ok: false, refused: refused(c, parties) };
}

function refused(c: AppContext, outcome: Extract<Outcome, { ok: false }>): Refused {
  return 'thread' in outcome ? refuseThread(c, outcome.thread) : refuse(c, outcome.refusal);
}
