"""Which phones do we know, and what file do they want?"""
