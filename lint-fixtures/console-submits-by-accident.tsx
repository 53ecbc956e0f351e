// file: console/src/ui/bad-button.tsx
// fires: react(button-has-type)
export const Bare = () => <button>x</button>
