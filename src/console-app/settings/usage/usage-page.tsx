import type { QuotaName } from '../../../resources/quotas.ts';
import { useDesk } from '../../desk/desk.tsx';
import { useRecord } from '../../records/read.ts';
import { RecordPage, WithRecord } from '../../records/record-page.tsx';
import './usage.css';

type Usage = { results: { quota: QuotaName; used: number | null; limit: number }[] };

const WORDS: Readonly<Record<QuotaName, string>> = {
  stored_bytes: 'Stored today, in megabytes',
  channels: 'Channels',
  apps: 'Own apps',
  webhooks: 'Webhooks of the app that has most',
  rooms: 'Rooms',
  teams: 'Teams',
  users: 'Users and bots',
  routers: 'Routers',
  visitor_variables: 'Variables of each visitor',
};

const NUMBER = new Intl.NumberFormat();
/** From here on a quota is marked as almost used up. */
const ALMOST = 0.9;

/** What the organization has, and how much it may have. */
export default function UsagePage() {
  const { session } = useDesk();
  const read = useRecord<Usage>(`/api/v5/orgs/${session.organization_id}/usage`);
  return (
    <RecordPage
      title="Usage"
      about="What your organization has, and the most that it may have. The operator of the hub can allow more."
    >
      <WithRecord read={read} missing="The organization is gone.">
        {({ results }) => (
          <table className="records usage">
            <caption className="hidden-text">Usage</caption>
            <thead>
              <tr>
                <th scope="col">What</th>
                <th scope="col" className="is-number">
                  Used
                </th>
                <th scope="col" className="is-number">
                  At most
                </th>
                <th scope="col">Part</th>
              </tr>
            </thead>
            <tbody>
              {results.map(({ quota, used, limit }) => (
                <tr key={quota}>
                  <td data-column="What">{WORDS[quota]}</td>
                  <td data-column="Used" className="is-number">
                    {used === null ? '–' : amountOf(quota, used)}
                  </td>
                  <td data-column="At most" className="is-number">
                    {amountOf(quota, limit)}
                  </td>
                  <td data-column="Part">{used === null ? null : <Part used={used} limit={limit} />}</td>
                </tr>
              ))}
            </tbody>
          </table>
        )}
      </WithRecord>
    </RecordPage>
  );
}

/** Bytes are shown in megabytes. */
function amountOf(quota: QuotaName, amount: number): string {
  return NUMBER.format(quota === 'stored_bytes' ? Math.ceil(amount / 1_000_000) : amount);
}

function Part({ used, limit }: { used: number; limit: number }) {
  const percent = limit === 0 ? 100 : Math.min(100, Math.round((100 * used) / limit));
  return (
    <span className={percent >= 100 * ALMOST ? 'usage-part is-full' : 'usage-part'}>
      <progress max={100} value={percent} aria-hidden="true" />
      {percent} %
    </span>
  );
}
