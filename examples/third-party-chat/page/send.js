/**
 * Makes a form send a request without leaving the page. The result arrives with the page's events. `requestOf` makes the
 * arguments of `fetch` from the form.
 */
export function sendInPlace(form, requestOf) {
  const problem = document.getElementById('problem');
  const button = form.querySelector('button');
  // A text of several lines is possible with Shift; an input method's own Enter chooses a word.
  form.addEventListener('keydown', (event) => {
    if (event.key !== 'Enter' || event.shiftKey || event.isComposing || event.target.tagName !== 'TEXTAREA') return;
    event.preventDefault();
    if (!button.disabled) form.requestSubmit(button);
  });
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    problem.textContent = '';
    button.disabled = true;
    try {
      const response = await fetch(...requestOf(form));
      if (response.ok) form.reset();
      else problem.textContent = (await response.json()).detail;
    } catch {
      problem.textContent = 'The server cannot be reached. Please try again.';
    } finally {
      button.disabled = false;
    }
  });
}

/** The fields of a form as JSON. */
export function jsonTo(path) {
  return (form) => [path, postOf('application/json', JSON.stringify(Object.fromEntries(new FormData(form))))];
}

/** The file of a form, and its name in the query. */
export function fileTo(path) {
  return (form) => {
    const file = form.elements.file.files[0];
    return [`${path}?name=${encodeURIComponent(file.name)}`, postOf('application/octet-stream', file)];
  };
}

function postOf(type, body) {
  return { method: 'POST', headers: { 'Content-Type': type }, body };
}
