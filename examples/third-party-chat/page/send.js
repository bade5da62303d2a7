/**
 * Makes a form send its fields as JSON to a path, without leaving the page. The result arrives with the page's events.
 */
export function sendInPlace(form, path) {
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
      const response = await fetch(path, {
        method: 'POST',
        headers: { 'Content-Type': 'application/json' },
        body: JSON.stringify(Object.fromEntries(new FormData(form))),
      });
      if (response.ok) form.reset();
      else problem.textContent = (await response.json()).detail;
    } catch {
      problem.textContent = 'The server cannot be reached. Please try again.';
    } finally {
      button.disabled = false;
    }
  });
}
