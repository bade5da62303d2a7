import { useChoices } from '../records/read.ts';
import type { Named } from '../words/mentions.ts';
import { fittingColleagues } from './mention-text.ts';
import { Picker, type PickerField } from './picker.tsx';

/** A list of colleagues whom a note may mention. `path`: where they are. */
export default function ColleaguePicker({ field, path }: { field: PickerField; path: string }) {
  const colleagues = useChoices<Named & { is_present: boolean }>(path);
  const isText = field.query.includes(' ');
  return (
    <Picker
      field={field}
      label="Colleagues"
      fitting={fittingColleagues(colleagues, field.query)}
      textOf={({ name }) => `@${name} `}
      draw={({ name, is_present }) => (
        <>
          <span className="picker-name">{name}</span>
          <span className="picker-text">{is_present ? 'present' : 'away'}</span>
        </>
      )}
      none={
        isText ? null : colleagues.length === 0 ? 'Nobody else sees this chat.' : 'Nobody of this name sees this chat.'
      }
    />
  );
}
