#!/bin/sh
# Draws the pictures of the parity questions with ImageMagick 6 (`apt-get install imagemagick`), another program than the trainer's.
set -e
cd "$(dirname "$0")"
convert -size 320x240 xc:white -fill red -draw 'circle 160,120 160,60' 01.png
convert -size 240x320 xc:'#e8e8e8' -fill blue -draw 'rectangle 60,90 180,210' 02.png
convert -size 300x300 xc:'#fff8e0' -fill green -draw 'polygon 150,60 250,240 50,240' 03.png
convert -size 400x200 xc:white -fill orange -draw 'circle 90,100 90,40' -fill purple -draw 'rectangle 250,50 350,150' 04.png
convert -size 256x256 xc:black -fill yellow -draw 'polygon 128,40 150,105 218,105 163,146 184,212 128,172 72,212 93,146 38,105 106,105' 05.png
convert -size 300x400 gradient:'#dfefff-#8fb0d0' -fill red -draw 'rectangle 90,40 210,140' -fill black -draw 'circle 150,300 150,240' 06.png
convert -size 336x336 xc:white -fill none -stroke '#1b7f3b' -strokewidth 14 -draw 'circle 168,168 168,68' 07.png
convert -size 480x320 xc:'#f0f0f0' -fill brown -draw 'rectangle 40,120 120,200' -fill '#ff69b4' -draw 'circle 240,160 240,115' -fill blue -draw 'polygon 400,110 450,210 350,210' 08.png
convert -size 320x320 xc:white -fill '#00b7c7' -draw 'rectangle 140,60 180,260' -draw 'rectangle 60,140 260,180' 09.png
convert -size 200x200 xc:white -font DejaVu-Sans-Bold -pointsize 120 -gravity center -fill black -annotate 0 '7' 10.png
convert -size 300x160 xc:'#fafafa' -font DejaVu-Serif-Bold -pointsize 90 -gravity center -fill navy -annotate 0 'CAT' 11.png
convert -size 360x360 xc:'#333333' -fill white -draw 'circle 90,90 90,50' -fill white -draw 'circle 270,90 270,50' -fill red -draw 'rectangle 140,230 220,310' 12.png
convert -size 640x360 xc:white -fill gray -draw 'circle 480,180 480,80' 13.png
convert -size 112x112 xc:white -fill purple -draw 'polygon 56,10 102,56 56,102 10,56' 14.png
