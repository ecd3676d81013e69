/** What the zoom buttons of every map say. */
export const zoomLabels = () => ({ zoomInTipLabel: gettext("Zoom in"), zoomOutTipLabel: gettext("Zoom out") });
