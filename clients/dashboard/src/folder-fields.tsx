import { type Signal, useSignal } from '@preact/signals';
import * as sdk from '../../typescript/src/index.js';
import { useSending } from './action.js';
import { chosen, dropped, type FolderFile, pack } from './folder.js';
import { Problem } from './parts.js';
import { bytes } from './text.js';

export interface Uploaded {
  uploadId: string;
  text: string;
}

/** Takes a folder, by dropping it or by choosing it, and uploads it. */
export function FolderFields({ upload }: { upload: Signal<Uploaded | undefined> }) {
  const reading = useSignal(false);
  const body = useSignal<Blob>(new Blob());
  const count = useSignal(0);
  const { run, busy, failure } = useSending(
    (client) => sdk.createUpload({ client, body: body.value }),
    ({ uploadId, sizeBytes }) =>
      (upload.value = { uploadId, text: `${count.value} files, ${bytes(sizeBytes)}, are uploaded.` }),
  );
  const take = async (files: FolderFile[] | Promise<FolderFile[]>): Promise<void> => {
    upload.value = undefined;
    reading.value = true;
    try {
      const all = await files;
      count.value = all.length;
      body.value = await pack(all);
      run();
    } finally {
      reading.value = false;
    }
  };
  return (
    <div
      class="drop"
      onDragOver={(event) => event.preventDefault()}
      onDrop={(event) => {
        event.preventDefault();
        if (event.dataTransfer) void take(dropped(event.dataTransfer.items));
      }}
    >
      <p>
        <label for="folder">Drop a folder here, or choose one:</label>{' '}
        <input
          id="folder"
          type="file"
          ref={(input) => void input?.toggleAttribute('webkitdirectory', true)}
          onChange={({ currentTarget }) => currentTarget.files && void take(chosen(currentTarget.files))}
        />
      </p>
      <p class="note">
        Left out: .git, and what .dockerignore lists, or .gitignore where there is none. The same as{' '}
        <code>berth deploy .</code>
      </p>
      <p role="status">
        {reading.value && 'Reading …'} {busy && `Uploading ${bytes(body.value.size)} …`} {upload.value?.text}
      </p>
      <Problem failure={failure} />
    </div>
  );
}
