// Elements of the page.

/**
 * The element with that id, which index.html has.
 *
 * @param {string} id
 * @returns {HTMLElement}
 */
export function byId(id) {
  const element = document.getElementById(id)
  if (element === null) throw new Error(`the page has no #${id}`)
  return element
}

/**
 * An element with text or children. All text goes through textContent: an address can't become markup.
 *
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {string} className
 * @param {...(string | Node)} content
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function element(tag, className, ...content) {
  const made = document.createElement(tag)
  if (className !== '') made.className = className
  made.append(...content)
  return made
}

/**
 * A group of buttons of which one is pressed.
 *
 * @param {HTMLElement} parent
 * @param {readonly { key: string, label: string }[]} choices
 * @param {string} chosen
 * @param {(key: string) => void} choose
 */
export function choice(parent, choices, chosen, choose) {
  const buttons = choices.map(({ key, label }) => {
    const button = element('button', '', label)
    button.type = 'button'
    button.dataset.key = key
    button.setAttribute('aria-pressed', String(key === chosen))
    button.addEventListener('click', () => {
      for (const each of buttons) each.setAttribute('aria-pressed', String(each === button))
      choose(key)
    })
    return button
  })
  parent.replaceChildren(...buttons)
}
