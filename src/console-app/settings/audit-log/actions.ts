/** What verbs of operations are called when they have happened. */
const VERBS: Readonly<Record<string, string>> = {
  accept: 'Accepted',
  add: 'Added',
  create: 'Created',
  delete: 'Deleted',
  get: 'Read',
  install: 'Installed',
  list: 'Read',
  purge: 'Purged',
  put: 'Put',
  rebuild: 'Rebuilt',
  remove: 'Removed',
  replace: 'Changed',
  replay: 'Sent again',
  revoke: 'Revoked',
  rotate: 'Replaced',
  test: 'Tested',
  uninstall: 'Uninstalled',
  update: 'Changed',
};

/** Actions whose names would mislead. */
const WORDS: Readonly<Record<string, string>> = {
  createSession: 'Signed in',
  deleteSession: 'Signed out',
  deleteOwnSession: 'Ended a session of their own',
  deleteToken: 'Revoked a token',
  consentToWebhooks: 'Consented to webhooks',
  putTeamMember: 'Added team member',
  putRoomShare: 'Offered or shared a room',
  putTeamShare: 'Offered or shared a team',
  deleteReceivedRoom: 'Left or declined a shared room',
  deleteReceivedTeam: 'Left or declined a shared team',
};

/** An action of the audit log in words, such as “Created sign in link” for `createSignInLink`. */
export function actionInWords(operation: string): string {
  const name = operation.replace(/^admin(?=[A-Z])/, '').replace(/V6$/, '');
  const plain = name.charAt(0).toLowerCase() + name.slice(1);
  const known = WORDS[plain];
  if (known !== undefined) return known;
  const [verb = '', ...rest] = plain
    .replaceAll(/([A-Z])/g, ' $1')
    .toLowerCase()
    .split(' ');
  const words = rest.map((word) => (word === 'rpc' ? 'RPC' : word));
  return [VERBS[verb] ?? verb.charAt(0).toUpperCase() + verb.slice(1), ...words].join(' ');
}

/** What organizations ask for most, by the name of the operation. */
export const COMMON_ACTIONS = [
  'createSession',
  'deleteSession',
  'deleteOwnSession',
  'createSignInLink',
  'createToken',
  'deleteToken',
  'createUser',
  'updateUser',
  'deleteUser',
  'createTeam',
  'updateTeam',
  'deleteTeam',
  'addTeamMember',
  'deleteTeamMember',
  'addMemberToOwnedChat',
  'removeChatMember',
  'updateOrganization',
  'createRoom',
  'updateRoom',
  'deleteRoom',
  'createRouter',
  'updateRouter',
  'deleteRouter',
  'createChannel',
  'updateChannel',
  'deleteChannel',
  'getChannelSecret',
  'rotateChannelSecret',
  'createApp',
  'updateApp',
  'deleteApp',
  'rotateAppSecret',
  'createWebhook',
  'updateWebhook',
  'deleteWebhook',
  'installApp',
  'consentToWebhooks',
  'uninstallApp',
  'purgeVisitor',
  'purgeThread',
  'purgeChat',
] as const;
