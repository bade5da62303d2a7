import { autosuggestionResource } from '../../../resources/autosuggestion.ts';
import { cannedReplyResource } from '../../../resources/canned-reply.ts';
import { isoTime } from '../../../resources/clock.ts';
import type { OrganizationView } from '../../../resources/organization.ts';
import { operatorOrganizationResource, organizationResource } from '../../../resources/organization.ts';
import { purgeResource } from '../../../resources/purge.ts';
import { QUOTAS } from '../../../resources/quotas.ts';
import { operatorRoomResource, type RoomView, roomResource } from '../../../resources/room.ts';
import type { ServiceHours } from '../../../resources/service-hours.ts';
import { type TeamView, teamMemberResource, teamResource, teamResourceV6 } from '../../../resources/team.ts';
import { nestedUser } from '../../../resources/user.ts';
import { operatorAccountResource, type UserAccount, userAccountResource } from '../../../resources/user-account.ts';
import { clientResource } from '../../../resources/user-client.ts';
import { agent, at, FOUNDED, ids, organization } from './shop.ts';

const times = { created_at: FOUNDED, updated_at: FOUNDED };

const profile = {
  email: 'office@books.example.com',
  phone: '+44 20 7946 0018',
  street: '7 Harbour Street',
  postal_code: 'CT11 8HA',
  city: 'Ramsgate',
  country: 'United Kingdom',
  business_id: '12345678',
};

const shop: OrganizationView = {
  ...organization,
  ...times,
  database: 'DB',
  is_present: true,
  is_online: true,
  is_humans_online: true,
  message_list_days: 365,
  chat_retention_days: 730,
  unanswered_retention_days: 7,
  is_renaming_allowed: true,
  domain: 'books.example.com',
  encryption_public_key: null,
  has_active_subscription: true,
  private_chats: false,
  private_chat_history: false,
  quotas: { ...QUOTAS, rooms: 20 },
  profile,
};

const account: UserAccount = {
  facts: agent,
  organization,
  email: 'alice.berg@books.example.com',
  profile: { title: 'Customer service', phone: '+44 20 7946 0021', gender: null, birthday: null },
  extension: '9003',
  did: '442079460021',
  is_online_enabled: true,
  is_present: true,
  current_chat_count: 1,
  deleted_at: null,
  ...times,
};

const newUser = { first_name: 'Alice', last_name: 'Berg', alias: 'Alice', title: 'Customer service' };

const serviceHours: ServiceHours = {
  time_zone: 'Europe/Helsinki',
  hours: [{ day: 'monday', from: '09:00', to: '17:00' }],
};

const support: RoomView = {
  id: ids.room,
  organization,
  name: 'Support',
  display_name: 'Harbour Books support',
  language_code: 'en',
  domain: 'books.example.com',
  is_shared: false,
  is_open: true,
  service_hours: serviceHours,
  visitor_chat_idle_ttl: 3600,
  task_chat_ttl: 86_400,
  require_online: false,
  is_task_allowed: false,
  is_external_allowed: false,
  chat_key_ttl_days: null,
  reaches_online: true,
  reaches_humans_online: true,
  updated_by_user: agent,
  is_deleted: false,
  ...times,
};

const rule = {
  url_pattern: 'https://books.example.com/cart*',
  seconds: 20,
  language_code: null,
  user_id: ids.agent,
};

const newRoom = {
  name: 'Support',
  display_name: 'Harbour Books support',
  domain: 'books.example.com',
  service_hours: serviceHours,
};

const shipping: TeamView = {
  id: ids.team,
  organization,
  name: 'Shipping',
  display_name: 'Shipping',
  created_by_user: agent,
  updated_by_user: agent,
  member_count: 1,
  present_member_count: 1,
  is_online: true,
  is_humans_online: true,
  is_connected_to_room: true,
  deleted_at: null,
  ...times,
};

const client = {
  id: ids.client,
  presence_expires_in: 300,
  presence_expires_at: at('12:27:16.370'),
  gcm_token: null,
  properties: { device: 'desktop' },
  created_at: at('12:22:16.370'),
  updated_at: at('12:22:16.370'),
};

const usage = {
  results: [
    { quota: 'rooms', used: 3, limit: 20 },
    { quota: 'visitor_variables', used: null, limit: QUOTAS.visitor_variables },
  ],
};

/** By the names of components. */
const cannedReply = {
  shortcut: 'late',
  message: 'Dear {{visitor_name}}, your order {{order_number}} is late. We are sorry.',
};

export const directoryExamples = {
  NewCannedReply: { ...cannedReply, visibility: 'team', team_id: ids.team },
  PatchCannedReply: { message: cannedReply.message },
  CannedReply: cannedReplyResource({
    ...cannedReply,
    id: '01a1fe0e-b2ae-75b8-8281-e1160d0504ad',
    visibility: 'team',
    owner_id: ids.team,
    updated_by_user_id: ids.agent,
    created_at: FOUNDED,
    updated_at: FOUNDED,
  }),
  Purge: purgeResource({
    id: ids.purge,
    organization_id: ids.organization,
    kind: 'chat',
    room_id: null,
    visitor_id: null,
    chat_id: ids.chat,
    before: FOUNDED,
    requested_by_user_id: ids.agent,
    created_at: FOUNDED,
    finished_at: null,
  }),
  PurgeChat: { created_at_before: isoTime(FOUNDED) },
  PurgeThread: { thread_id: 'ticket-1' },
  Organization: organizationResource(shop),
  PatchOrganization: { phone: profile.phone, message_list_days: 365 },
  AdminOrganization: operatorOrganizationResource(shop),
  AdminNewOrganization: { name: organization.name, database: 'DB', email: profile.email, message_list_days: 365 },
  AdminPatchOrganization: { private_chat_history: true, rooms_quota: 20 },
  Usage: usage,
  AdminUsage: usage,
  NestedUser: nestedUser(agent),
  User: userAccountResource(account),
  UpdateUser: { is_online_enabled: true },
  PatchUser: { title: 'Customer service' },
  AdminUser: operatorAccountResource(account),
  AdminNewUser: { ...newUser, email: account.email },
  AdminUpdateUser: { is_online_enabled: true, title: 'Customer service' },
  AdminPatchUser: { email: account.email },
  UserPreferences: { chat_capacity: 5, ui_language_code: 'en', console: {} },
  UserPreferencesChanges: { chat_capacity: 5, ui_language_code: 'en' },
  UserClient: clientResource(client, at('12:22:16.370')),
  UserClientChanges: {
    presence_expires_in: 300,
    properties: { device: 'desktop' },
    subscribed_channels: ['/api/v5/users/{user_id}/routed_chats/*/messages'],
  },
  ServiceSpan: serviceHours.hours[0],
  ServiceHours: serviceHours,
  Room: roomResource(support),
  NewRoom: newRoom,
  PatchRoom: { is_open: false },
  AdminRoom: operatorRoomResource(support),
  AdminNewRoom: { ...newRoom, visitor_chat_idle_ttl: 3600 },
  AdminUpdateRoom: { ...newRoom, visitor_chat_idle_ttl: 3600 },
  AdminPatchRoom: { require_online: true },
  Autosuggestion: autosuggestionResource({ id: ids.suggestion, room_id: ids.room, ...rule, ...times }),
  NewAutosuggestion: rule,
  PatchAutosuggestion: { seconds: 60 },
  NewAllowedTag: { name: 'delivery' },
  Team: teamResource(shipping),
  TeamV6: teamResourceV6(shipping),
  NewUser: { first_name: 'Alice', last_name: 'Berg', alias: 'Alice', email: 'alice@harbour.example' },
  NewTeam: { name: 'Shipping' },
  PatchTeam: { display_name: 'Shipping and returns' },
  AdminNewTeam: { name: 'Shipping' },
  TeamMembership: teamMemberResource({ team_id: ids.team, user: agent, joined_at: FOUNDED }),
  NewTeamMember: { user_id: ids.agent },
};
