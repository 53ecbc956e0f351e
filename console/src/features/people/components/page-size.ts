/** People read at once. On its own: the page's route asks for the first of them before the page's code is there. */
export const PAGE_SIZE = 100
