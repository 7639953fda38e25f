"""Plots as SVG, by code of our own: two kinds of chart, readable in light and in dark, with labels instead of legends.

matplotlib and its dependencies are far more than these few hundred lines, and it draws for one background; pygal draws
legends. ``svg`` knows shapes, ``axis`` logarithmic scales, ``dots`` and ``lines`` the charts, ``figures`` what is
plotted.
"""
