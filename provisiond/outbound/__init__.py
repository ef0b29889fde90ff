"""What do we ask of other systems?"""
