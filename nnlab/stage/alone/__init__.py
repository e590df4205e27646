"""An explorer on a page without a kernel: its pictures are recorded, and ``front/alone.js`` shows them.

plan: which settings. recording: their frames, within limits. chunks: the form in which a page loads them. kept: the
recordings of earlier builds. page: the HTML. portable: what of this an explorer can do. asked: predictions.
"""
