// Language and theme, chosen: shown at once, kept in this browser, and kept with the person so that the next browser has them, too.
import { useChange } from './api/query.ts'
import { changePrefs, type Prefs } from './prefs.ts'

/** For people who are logged in. That the hub could not keep it changes nothing here. */
export function useChoosePrefs(): (choice: Partial<Pick<Prefs, 'language' | 'theme'>>) => void {
  const { mutate } = useChange('setPreferences', { renews: ['me'] })
  return (choice) => {
    void changePrefs(choice)
    mutate({ body: choice })
  }
}
