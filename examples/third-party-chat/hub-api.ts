import type { Configuration } from './configuration.ts';
import { readCollection, requestHub, type Upload, uploadToHub } from './hub-request.ts';

/** The fields of a chat from the hub that this application stores. */
export type ChatResource = {
  id: string;
  created_at: string;
  is_ended: boolean;
  /** Counts messages of the type `msg`. */
  message_count: number;
};

/** The fields of a message from the hub that this application stores. */
export type MessageResource = {
  id: string;
  type: string;
  sender_type: string;
  /** The agent's name for visitors. Visitors must not see the real name, `sender_name`. */
  sender_public_name: string | null;
  message: string | null;
  created_at: string;
  attachments: Attachment[];
};

/** `file` is missing in attachments that are no files, which this application does not show. */
export type Attachment = { id: string; title: string | null; file?: { content_type: string; size: number } };

/** URLs of a file that open for an hour: one saves it, the other shows an image. */
type AttachmentUrls = { id: string; title_link_url: string | null; image_url: string | null };

export type VisitorSession = {
  visitor_id: string;
  /** Identifies the visitor when their token has expired. */
  visitor_secret_id: string;
  access_token: string;
  /** Seconds. */
  expires_in: number;
};

/** A visitor and the token with which they may act. */
export type VisitorAccess = { visitorId: string; accessToken: string };

type MembershipResource = { member_type: string; member_id: string; member_public_name: string | null };

/** The calls to the hub that the tutorial describes. All of them throw as `requestHub` does. */
export class HubApi {
  readonly #organization: string;
  readonly #publicApi: string;
  readonly #publicOrganization: string;
  readonly #roomId: string;
  readonly #apiToken: string;

  constructor({ hubUrl, organizationId, roomId, apiToken }: Configuration) {
    this.#publicApi = `${hubUrl}/api/v5/public`;
    this.#organization = `${hubUrl}/api/v5/orgs/${organizationId}`;
    this.#publicOrganization = `${this.#publicApi}/orgs/${organizationId}`;
    this.#roomId = roomId;
    this.#apiToken = apiToken;
  }

  /** A new visitor, or with a secret the same one again. */
  authenticateVisitor(secret: string | null): Promise<VisitorSession> {
    const body = secret === null ? {} : { visitor_secret_id: secret };
    return requestHub({ method: 'POST', url: `${this.#publicOrganization}/auth`, token: null, body });
  }

  async enterRoom({ visitorId, accessToken }: VisitorAccess): Promise<void> {
    const url = `${this.#publicOrganization}/rooms/${this.#roomId}/visitors`;
    await requestHub({ method: 'POST', url, token: accessToken, body: { id: visitorId } });
  }

  /** The variable `username` is the visitor's name in all their chats. Only the organization may set it. */
  async nameVisitor(visitorId: string, name: string): Promise<void> {
    const url = `${this.#organization}/rooms/${this.#roomId}/visitors/${visitorId}/variables`;
    await requestHub({ method: 'POST', url, token: this.#apiToken, body: { key: 'username', value: name } });
  }

  /** Starts a chat, or resumes the visitor's open one. */
  async openChat({ visitorId, accessToken }: VisitorAccess): Promise<void> {
    const url = `${this.#publicOrganization}/rooms/${this.#roomId}/visitors/${visitorId}/chats`;
    await requestHub({ method: 'POST', url, token: accessToken, body: {} });
  }

  async sendMessage({ visitorId, accessToken }: VisitorAccess, chatId: string, message: string): Promise<void> {
    const url = `${this.#publicApi}/visitors/${visitorId}/chats/${chatId}/messages`;
    await requestHub({ method: 'POST', url, token: accessToken, body: { type: 'msg', message } });
  }

  /** Uploads a file of the visitor and sends it as a message of its own. */
  async sendFile({ visitorId, accessToken }: VisitorAccess, chatId: string, upload: Upload): Promise<void> {
    const visitor = `${this.#publicApi}/visitors/${visitorId}`;
    const { id } = await uploadToHub<{ id: string }>(`${visitor}/files`, accessToken, upload);
    const body = { type: 'msg', attachments: [{ file_id: id }] };
    await requestHub({ method: 'POST', url: `${visitor}/chats/${chatId}/messages`, token: accessToken, body });
  }

  /** New URLs of the files of a message. */
  async urlsOfMessage(
    { visitorId, accessToken }: VisitorAccess,
    chatId: string,
    messageId: string,
  ): Promise<AttachmentUrls[]> {
    const url = `${this.#publicApi}/visitors/${visitorId}/chats/${chatId}/messages/${messageId}`;
    const message = await requestHub<{ attachments: AttachmentUrls[] }>({ method: 'GET', url, token: accessToken });
    return message.attachments;
  }

  /** The visitor of a chat; null when it has none. */
  async visitorOfChat(chatId: string): Promise<{ id: string; name: string | null } | null> {
    const url = `${this.#organization}/owned_chats/${chatId}/memberships`;
    const memberships = await readCollection<MembershipResource>(url, this.#apiToken);
    const visitor = memberships.find(({ member_type }) => member_type === 'visitor');
    return visitor === undefined ? null : { id: visitor.member_id, name: visitor.member_public_name };
  }

  chatsOfVisitor(visitorId: string): Promise<ChatResource[]> {
    return readCollection(
      `${this.#organization}/rooms/${this.#roomId}/visitors/${visitorId}/chats?page_size=200`,
      this.#apiToken,
    );
  }

  messagesOfChat(chatId: string): Promise<MessageResource[]> {
    return readCollection(`${this.#organization}/owned_chats/${chatId}/messages?page_size=200`, this.#apiToken);
  }
}
